import { driverOf } from '../../arch/registry.ts'
import { once } from '../../core/memo.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { readDataFile } from '../../map/data.ts'
import { type ListedModel, parseModelList } from '../../map/text/data-file.ts'
import type { Dialect, Found, RegisterDump } from '../found.ts'
import { jsonFault, parseDocuments } from '../json/json.ts'
import { vulnerabilitiesOfLscpu } from '../platforms/linux-host.ts'
import { registersOf } from './cpuinfo.ts'
import type { Dump } from './dump.ts'
import { foundDumps, foundRegisters, OF_LINUX } from './dump.ts'
import { dumpOfFlags, endsInList, isLinuxFlag, readMachines, unfold } from './linux-flags.ts'

/** What util-linux's lscpu prints. */
export const lscpu: Dialect = {
  name: 'lscpu',
  title: 'lscpu or lscpu -J',
  sniff: text => /^\s*\{\s*"lscpu"\s*:/.test(text) || beginsAsLscpu(text) || isTranslated(text),
  read: (text, source) =>
    isTranslated(text)
      ? refuse(TRANSLATED, source)
      : /^\s*\{/.test(text)
        ? parseDocuments(text, source).flatMap(({ value }) => foundIn(fieldsOfJson(value), source))
        : readMachines(text, /^[ \t]*(Architecture):/gm, part =>
            foundIn(fieldsOfText(part), source, isOpen(part)),
          ),
}

/** Old ones do not tell the modes of ARM and POWER; of those the architecture alone, or who makes the core, is enough. */
export const beginsAsLscpu = (text: string): boolean =>
  /^[ \t]*CPU op-mode\(s\):/m.test(text) ||
  (/^[ \t]*Vendor ID:|^[ \t]*Byte Order:/m.test(text) &&
    (/^[ \t]*Architecture:[ \t]+(?!x86_64|i[3-6]86)\w+[ \t]*\r?$/m.test(text) ||
      isArmVendor(/^[ \t]*Vendor ID:[ \t]*(\S+)/m.exec(text)?.[1])))

const isArmVendor = (name: string | undefined): boolean =>
  parseModelList(readDataFile('arm/models.txt'), '', ['part', 'called']).vendors.some(
    vendor => vendor.name === name && name !== 'Intel',
  )

/** The values are not translated. */
const isTranslated = (text: string): boolean =>
  /^[^:{}<>\r\n]+:[ \t]+32-bit, 64-bit[ \t]*\r?$/m.test(text) &&
  /:[ \t]+(?:Little|Big) Endian[ \t]*\r?$/m.test(text) &&
  !/^[ \t]*CPU op-mode\(s\):/m.test(text)

/** @throws ParseError, always */
function refuse(what: string, source: string): never {
  throw new ParseError(what, source)
}

function foundIn(given: Iterable<Field>, source: string, open = false): Found[] {
  const all = [...given]
  const fields = firstOf(all)
  const arch = fields.get('Architecture') ?? (isArmVendor(fields.get('Vendor ID')) ? 'aarch64' : 'x86_64')
  if (all.filter(([name]) => name === 'Model name').length > 1)
    throw new ParseError(`lscpu does not tell which core is of which kind: ${OTHERWISE}`, source)
  if (arch === 'aarch64') return foundRegisters([armCore(fields, source)])
  const pvr = /\(pvr ([0-9a-f]{4}) ([0-9a-f]{4})\)/.exec(fields.get('Model') ?? '')
  if (pvr && arch.startsWith('ppc64')) {
    const registers = new Map([['PVR', BigInt(`0x${pvr[1]}${pvr[2]}`)]])
    return foundRegisters([{ arch: 'ppc64', registers, cpus: ['0'] }])
  }
  if (!/^(?:x86_64|i[3-6]86)$/.test(arch))
    throw new ParseError(`lscpu of ${arch} does not tell enough: ${OTHERWISE}`, source)
  return foundDumps([dumpOf(fields, source, open)], { ...OF_LINUX, ...factsOf(fields) })
}

function factsOf(fields: ReadonlyMap<string, string>) {
  const vulnerabilities = vulnerabilitiesOfLscpu(fields)
  return Object.keys(vulnerabilities).length > 0 ? { facts: { vulnerabilities } } : {}
}

const OTHERWISE = 'give /proc/cpuinfo of that machine'

/** The CPU that `lscpu -J` prints, or `lscpu`, of x86. @throws ParseError */
export function parseLscpu(text: string, source = ''): Dump[] {
  if (/^\s*\{/.test(text)) return [dumpOf(firstOf(fieldsOfJson(parseJson(text, source))), source)]
  return [dumpOf(firstOf(fieldsOfText(text)), source, isOpen(text))]
}

/** Whether the text ends within its flags. */
const isOpen = (text: string): boolean => endsInList(text, unfold(text, isLscpuFlag))

const firstOf = (all: Iterable<Field>): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (const [name, data] of all) if (!fields.has(name)) fields.set(name, data)
  return fields
}

/**
 * The CPU of these fields, approximately: from the flags that Linux shows.
 * @throws ParseError where the vendor or the flags are missing
 */
function dumpOf(fields: ReadonlyMap<string, string>, source: string, open = false): Dump {
  const flags = fields.get('Flags')
  if (flags === undefined || !fields.has('Vendor ID')) throw new ParseError(NOT_X86, source)
  const number = (name: string) => Number(/^\d{1,5}$/.exec(fields.get(name) ?? '')?.[0] ?? 0)
  return dumpOfFlags({
    label: '',
    vendor: fields.get('Vendor ID') ?? '',
    family: number('CPU family'),
    model: number('Model'),
    stepping: number('Stepping'),
    level: 0,
    flags: flags.split(/\s+/),
    brand: fields.get('Model name'),
    isOpen: open,
  })
}

/** The main ID register and the flags of a core that lscpu calls by name. @throws ParseError for one we do not know */
function armCore(fields: ReadonlyMap<string, string>, source: string): RegisterDump {
  const name = fields.get('Model name') ?? ''
  const core = coreCalled(name) ?? coreCalled(fields.get('BIOS Model name') ?? '')
  const [implementer, part] = [core?.vendor?.id, core?.fields.part?.[0]]
  if (implementer === undefined || part === undefined)
    throw new ParseError(`an ARM core that lscpu calls '${name}' is not known: ${OTHERWISE}`, source)
  const [, variant = '0', revision = '0'] = /^r(\d+)p(\d+)$/.exec(fields.get('Stepping') ?? '') ?? []
  const midr =
    (BigInt(`0x${implementer}`) << 24n) |
    (BigInt(variant) << 20n) |
    (0xfn << 16n) |
    (BigInt(`0x${part}`) << 4n) |
    BigInt(revision)
  const flags = registersOf((fields.get('Flags') ?? '').split(/\s+/).map(flag => armPlace(flag)))
  return { arch: 'aarch64', registers: new Map([['MIDR_EL1', midr], ...flags]), cpus: ['0'] }
}

const CORES = ['arm/models.txt', 'arm/cores.txt']

const listCores = once(() =>
  CORES.flatMap(file => parseModelList(readDataFile(file), file, ['part', 'called']).models),
)

/** The core of this name, or the one that products of this name have. */
function coreCalled(name: string): ListedModel | undefined {
  const plain = name.toLowerCase().replace(/\((?:r|tm)\)|[^a-z0-9]/g, '')
  const [own, ...more] = listCores().filter(({ fields }) => fields.called?.some(word => plain.includes(word)))
  const named = listCores().find(known => known.name.toLowerCase() === name.toLowerCase())
  return named ?? (more.length === 0 ? own : undefined)
}

/** What a platform says of an ARM host whose core or product it names, with the core as its model. */
export function withCore(found: Found): Found {
  if (found.kind !== 'statement' || found.arch !== 'aarch64') return found
  const core = coreCalled(found.model ?? found.brand ?? '')
  return core ? { ...found, model: core.name, vendor: found.vendor || core.vendor?.name } : found
}

const armPlace = (flag: string) => driverOf(CpuMap.builtIn(), 'aarch64')?.flagPlace?.(flag)

const isLscpuFlag = (flag: string): boolean => isLinuxFlag(flag) || armPlace(flag) !== undefined

const NOT_X86 = 'no x86 CPU in this output of lscpu: its vendor and flags are needed'

const TRANSLATED = 'this output of lscpu is translated: record it with LC_ALL=C lscpu'

type Field = readonly [name: string, data: string]

/** `Vendor ID:    GenuineIntel`, indented where fields belong together. */
function* fieldsOfText(text: string): Iterable<Field> {
  for (const line of unfold(text, isLscpuFlag).split('\n')) {
    const [, name, data] = /^\s*([^\s:][^:]*):\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined && data !== undefined) yield [name, data]
  }
}

/** `{"lscpu": [{"field": "Vendor ID:", "data": "GenuineIntel", "children": […]}…]}`, children since util-linux 2.38 */
function* fieldsOfJson(document: unknown): Iterable<Field> {
  const waiting: unknown[] = [document]
  while (waiting.length > 0) {
    const value = waiting.shift()
    if (Array.isArray(value)) waiting.unshift(...value)
    if (typeof value !== 'object' || value === null) continue
    if ('field' in value && 'data' in value && typeof value.data === 'string')
      yield [String(value.field).replace(/:$/, ''), value.data]
    if ('children' in value) waiting.unshift(value.children)
    if ('lscpu' in value) waiting.unshift(value.lscpu)
  }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { what, offset } = jsonFault(text)
    throw ParseError.at(what, text, offset, source)
  }
}
