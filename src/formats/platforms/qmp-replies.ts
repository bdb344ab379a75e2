import { archOfModel } from '../../arch/registry.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { resolveWords } from '../../map/vocabulary.ts'
import type { Dialect, Found, FoundGuest, Statement } from '../found.ts'
import { isObject, type JsonObject, member, parseDocuments } from '../json/json.ts'
import { targetOfType, toLibvirtArch } from '../qemu/names.ts'
import { featuresOfSettings, guestCpuOf, type Setting, setting } from './guest-cpu.ts'
import { cpuidPlace, featuresOfWords, type KnownWord } from './register-words.ts'

/** Whether the first thing in a text is a message of QMP. */
const beginsAsQmp = (text: string): boolean =>
  /^[\s[]*\{\s*"(?:execute|arguments|return|id|QMP|request|error(?="\s*:\s*\{)|timestamp|event)"\s*:/.test(
    text,
  ) && /"(?:execute|return|error|QMP|request|event)"\s*:/.test(text)

/** What a recording has and single replies lack: QEMU's version and its schema. */
const RECORDING = /"query-(?:version|qmp-schema)"|"meta-type"|"return"\s*:\s*\{\s*"(?:qemu|package)"/

/** Whether it is replies about CPUs, with or without their commands, and no recording of a conversation. */
const isSingleReplies = (text: string): boolean =>
  beginsAsQmp(text) &&
  /"(?:props|unavailable-features|typename|qom-get|qom-path)"/.test(text) &&
  !RECORDING.test(text)

/** libvirt's `.replies`, or a log of QMP. */
export const qmp: Dialect = {
  name: 'qmp',
  title: 'a recorded conversation with QEMU (QMP)',
  sniff: text => beginsAsQmp(text) && !isSingleReplies(text),
  read: (text, source) => [{ kind: 'conversation', messages: parseDocuments(text, source) }],
}

/** Single replies of QEMU, with or without their commands: not the whole conversation that a hypervisor is known by. */
export const qmpReplies: Dialect = {
  name: 'qmp-replies',
  title: 'single QMP replies: CPU model expansions and definitions, CPUs of a running guest',
  sniff: isSingleReplies,
  read: (text, source) => {
    const exchanges = exchangesOf(text, source)
    const guest = guestOf(exchanges)
    if (!guest && exchanges.length > 0 && exchanges.every(({ reply }) => isCpuList(reply)))
      throw new ParseError(
        'query-cpus-fast tells how many CPUs a guest has, not which: add the replies of qom-get',
        source,
      )
    return [...joinHost(exchanges.flatMap(readReply)), ...(guest ? [guest] : [])]
  },
}

/** One QEMU's replies about its host and about its models, in either order, are one statement. */
function joinHost(found: readonly Found[]): Found[] {
  const joined: Found[] = []
  for (const one of found) {
    const last = joined.at(-1)
    const both = one.kind === 'statement' && last?.kind === 'statement' && one.arch === last.arch
    if (both && !one.models !== !last.models) {
      const [models, host] = one.models ? [one, last] : [last, one]
      const absent = [...new Set([...(host.absent ?? []), ...(models.absent ?? [])])]
      joined.splice(-1, 1, { ...host, absent, models: models.models })
    } else joined.push(one)
  }
  return joined
}

interface Exchange {
  /** Empty where only the reply is given. */
  readonly command: string
  readonly args: unknown
  readonly reply: unknown
}

function exchangesOf(text: string, source: string): Exchange[] {
  const all: Exchange[] = []
  let asked: { command: string; args: unknown; line: number } | undefined
  const cut = () => {
    if (asked) throw new ParseError(`no reply to ${asked.command}: add QEMU's reply`, source, asked.line)
  }
  for (const { value, line } of parseDocuments(text, source)) {
    for (const message of Array.isArray(value) ? value : [value]) {
      const execute = member(message, 'execute')
      if (typeof execute === 'string') {
        cut()
        asked = { command: execute, args: member(message, 'arguments'), line }
      } else if (isObject(message) && ('return' in message || 'error' in message)) {
        all.push({ command: asked?.command ?? '', args: asked?.args, reply: message.return })
        asked = undefined
      }
    }
  }
  cut()
  return all
}

function readReply({ command, args, reply }: Exchange): Found[] {
  const model = member(reply, 'model')
  const props = member(model, 'props')
  if (isObject(props)) {
    const asked = member(member(args, 'model'), 'name') ?? member(model, 'name')
    return [readExpansion(String(asked), props, command, String(member(model, 'name')))]
  }
  if (Array.isArray(reply) && reply.some(entry => member(entry, 'typename') !== undefined)) {
    return [readDefinitions(reply)]
  }
  return []
}

/**
 * An expansion of `host` or `max` is what QEMU offers; of any other model it is that model.
 * @param base the model that the properties are the difference to, where QEMU tells one (IBM Z)
 */
function readExpansion(
  name: string,
  props: JsonObject,
  command: string,
  base: string,
): Statement | FoundGuest {
  const flags = Object.entries(props).filter(([name, value]) => typeof value === 'boolean' && isFeature(name))
  const words = (on: boolean) => flags.filter(([, value]) => value === on).map(([word]) => word)
  const arch = archOf(props) ?? archOfModel(CpuMap.builtIn(), base)
  if (name !== 'host' && name !== 'max') {
    const settings = words(true).map((word): Setting => [word, 'require'])
    const cpu = guestCpuOf(name === 'base' ? undefined : name, knownFeatures(settings))
    return { kind: 'guest', layer: 'defined', cpu: { ...cpu, arch }, notes: [`an expansion of ${name}`] }
  }
  const [present, off] = [words(true), words(false)]
  const notes = name === 'max' ? ['an expansion of `max`: without KVM it is what QEMU emulates'] : []
  const asked = command === '' ? 'the reply does not say for which accelerator' : ''
  return {
    ...OFFERED,
    arch,
    present,
    ...([name, 'base'].includes(base) ? {} : { model: base }),
    ...(name === 'host' ? identityOf(props) : {}),
    absent: arch === 'x86_64' ? off.filter(isRefused) : off,
    notes: [...notes, ...(asked ? [asked] : [])],
  }
}

/** Whose CPU it is: with `host`, the machine's own. */
function identityOf({
  vendor,
  family,
  model,
  stepping,
}: JsonObject): Pick<Statement, 'vendor' | 'signature'> {
  const isSigned = typeof family === 'number' && typeof model === 'number' && typeof stepping === 'number'
  return {
    ...(typeof vendor === 'string' && vendor !== '' ? { vendor } : {}),
    ...(isSigned && family > 0 ? { signature: { family, model, stepping } } : {}),
  }
}

const OFFERED: Statement = {
  kind: 'statement',
  layer: 'offered',
  arch: 'x86_64',
  vocabulary: 'qemu',
  present: [],
  complete: false,
}

/** Whether a property that is off is one that QEMU cannot give; what is not migratable is off unless asked for. */
const isRefused = (word: string): boolean =>
  resolveWords(x86(), 'qemu', [word]).features.some(({ migratable }) => migratable)

/** Properties that say how QEMU makes a CPU, and what hypervisors tell their guests: no features of a CPU. */
const NO_FEATURE =
  /^(?:(?:hv|kvm)[-_].*|kvm|kvmclock.*|pmu|check|enforce|migratable|(?:l3|legacy|host|x|tcg|vmware)-.*|fill-mtrr-mask|full-cpuid.*|cpuid-0xb|lbr-fmt|xen-vapic)$/

/** Whether a property of QEMU's CPUs is a feature: one that we know, or one that is too new for us. */
const isFeature = (name: string): boolean =>
  !NO_FEATURE.test(name) || resolveWords(x86(), 'qemu', [name]).unknown.length === 0

const knownFeatures = (settings: readonly Setting[]) =>
  featuresOfSettings(
    settings.filter(([word]) => resolveWords(x86(), 'qemu', [word]).unknown.length === 0),
    'qemu',
  )

const x86 = () => CpuMap.builtIn().of('x86')

/** libvirt's name of the architecture whose properties these are; undefined: they do not tell. */
function archOf(props: JsonObject): string | undefined {
  if ('sse2' in props || 'fpu' in props) return 'x86_64'
  if ('aarch64' in props || 'sve' in props || 'pauth' in props) return 'aarch64'
  if ('zpci' in props || 'esan3' in props) return 's390x'
  return 'rv64' in props || 'zicsr' in props ? 'riscv64' : undefined
}

/** `query-cpu-definitions`: which models can run, and what blocks the others. */
function readDefinitions(reply: readonly unknown[]): Statement {
  const models = new Map<string, readonly string[] | 'unknown' | undefined>()
  const refused = new Set<string>()
  for (const entry of reply) {
    const name = member(entry, 'name')
    const blockers = member(entry, 'unavailable-features')
    if (typeof name !== 'string') continue
    const words = Array.isArray(blockers) ? blockers.map(String) : []
    models.set(name, words.length > 0 ? words : blockers === undefined ? 'unknown' : undefined)
    for (const word of words) if (word !== 'type' && word !== 'kvm') refused.add(word)
  }
  const arch = toLibvirtArch(targetOfType(String(member(reply[0], 'typename'))) ?? 'x86_64')
  return { ...OFFERED, arch, absent: [...refused], models }
}

/** A running guest, by what `query-cpus-fast` and `qom-get` of its first CPU report. */
function guestOf(exchanges: readonly Exchange[]): FoundGuest | undefined {
  const cpus = exchanges.map(({ reply }) => reply).find(isCpuList)
  const properties = new Map<string, unknown>()
  for (const { command, args, reply } of exchanges) {
    const name = member(args, 'property')
    if (command === 'qom-get' && typeof name === 'string' && !properties.has(name))
      properties.set(name, reply)
  }
  if (properties.size === 0) return undefined
  const on = [...properties].filter(([name, value]) => typeof value === 'boolean' && isFeature(name))
  const { present } = featuresOfWords(featureWords(properties.get('feature-words')))
  const listed = properties.get('unavailable-features')
  const refused = Array.isArray(listed) ? listed.map(String) : []
  const settings = [
    ...present.map((name): Setting => [name, 'require']),
    ...on.map(([name, value]) => setting(name, value === true)),
    ...refused.map((name): Setting => [name, 'disable']),
  ]
  const type = String(properties.get('type'))
  const target = String(member(cpus?.[0], 'target') ?? targetOfType(type) ?? 'x86_64')
  const [, model] = /^(.+)-[a-z0-9_]+-cpu$/.exec(type) ?? []
  const cpu = guestCpuOf(model, featuresOfSettings(settings, 'qemu'))
  return {
    kind: 'guest',
    layer: 'running',
    cpu: { ...cpu, arch: toLibvirtArch(target) },
    vcpus: cpus?.length,
    notes:
      refused.length > 0 ? [`QEMU could not give, though they were asked for: ${refused.join(', ')}`] : [],
  }
}

const isCpuList = (reply: unknown): reply is unknown[] =>
  Array.isArray(reply) && reply.some(entry => member(entry, 'qom-path') !== undefined)

/** `[{"cpuid-register": "EBX", "cpuid-input-eax": 7, "cpuid-input-ecx": 0, "features": 1234}…]` */
function featureWords(value: unknown): KnownWord[] {
  return (Array.isArray(value) ? value : []).flatMap(word => {
    const [leaf, subleaf = 0, features] = ['cpuid-input-eax', 'cpuid-input-ecx', 'features'].map(name =>
      member(word, name),
    )
    const register = /^e([abcd])x$/i.exec(String(member(word, 'cpuid-register')))?.[0]?.toLowerCase()
    if (typeof leaf !== 'number' || typeof subleaf !== 'number' || typeof features !== 'number') return []
    if (!isRegister(register)) return []
    return { place: cpuidPlace(leaf, subleaf, register), value: features }
  })
}

const isRegister = (name: string | undefined): name is 'eax' | 'ebx' | 'ecx' | 'edx' =>
  name === 'eax' || name === 'ebx' || name === 'ecx' || name === 'edx'
