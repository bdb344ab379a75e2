import { bitMask } from '../../core/bits.ts'
import type { Policy } from '../../core/cpu.ts'
import { printPlace, REGISTERS, type Register } from '../../core/feature.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Found } from '../found.ts'
import { anyCase, isObject } from '../json/json.ts'
import { featuresOfSettings, guestCpuOf, type Setting } from './guest-cpu.ts'
import { parseCpuArgument } from './qemu-command.ts'
import { cpuidPlace, dumpOfWords, featuresOfWords, type KnownWord } from './register-words.ts'

/** xl's configuration of a guest, or its `cpuid=` alone; Ganeti's Xen parameter has the same form. */
export const xlCpuid: Dialect = {
  name: 'xl-cpuid',
  title: 'xl.cfg with cpuid=',
  hostsBy: 'xl info',
  sniff: text =>
    /^[ \t]*(?:cpuid\s*=\s*(?:\[|["']\s*host\b|["']0x)|["']?host,[\w.+-]+=[01xks]\b)/m.test(text) &&
    !/^\ufeff?\s*[<{]/.test(text),
  read: (text, source) => {
    const plain = text.replace(/^[ \t]*#.*$/gm, '')
    const policy = /^[ \t]*cpuid\s*=\s*(\[[^\]]*\]|"[^"]*"|'[^']*')/m.exec(plain)?.[1] ?? plain.trim()
    const field = (key: string) =>
      new RegExp(`^[ \\t]*${key}\\s*=\\s*["']?([^"'\\n\\r]*)`, 'm').exec(plain)?.[1]?.trim()
    const entries = [...policy.matchAll(/["']([^"']*)["']/g)].map(([, entry = '']) => entry)
    const { settings, notes } = policyOf(entries.length > 0 ? entries : [policy], source)
    const vcpus = Number(field('vcpus') ?? Number.NaN)
    return [
      {
        kind: 'guest',
        layer: 'defined',
        cpu: guestCpuOf('host', featuresOfSettings(settings, 'libvirt')),
        name: field('name'),
        uuid: field('uuid'),
        vcpus: vcpus > 0 ? vcpus : undefined,
        notes,
      },
    ]
  },
}

interface XlPolicy {
  readonly settings: Setting[]
  readonly notes: string[]
}

/** Words that take a number: no features. */
const FIELDS =
  /^(?:maxleaf|family|model|stepping|clflush|brandid|localapicid|apicidsize|nc|proccount|procpkg|maxhvleaf)$/

function policyOf(entries: readonly string[], source: string): XlPolicy {
  const settings: Setting[] = []
  const notes: string[] = []
  for (const entry of entries) {
    if (/^\s*(?:0x)?[0-9a-f]+\s*(?:,\s*(?:0x)?[0-9a-f]+\s*)?:/i.test(entry))
      readXlMask(entry, { settings, notes }, source)
    else {
      for (const part of entry.split(',')) {
        const [word = '', value] = part.trim().split('=')
        if (value === undefined || value === 'x' || value === 'k' || value === 's') continue
        if (FIELDS.test(word)) notes.push(`\`${part.trim()}\` sets a number, which is not compared`)
        else if (value === '0' || value === '1')
          settings.push(...featuresOfWord(word).map((name): Setting => [name, POLICY[value]]))
        else throw new ParseError(`cpuid: \`${part.trim()}\`: expected 0, 1, x, k or s`, source)
      }
    }
  }
  return { settings, notes }
}

const POLICY: Readonly<Record<'0' | '1', Policy>> = { '0': 'disable', '1': 'force' }

/** libvirt's names of what xl, or else Xen, calls so; the word itself where neither does. */
const featuresOfWord = (word: string): string[] =>
  featuresOfSettings([[wordOf(word), 'require']], 'xl', 'xen', 'libvirt').map(({ name }) => name)

/** xl takes Xen's names with `_` for `-` too. */
const wordOf = (word: string): string =>
  /^(?:svm_|sse4_|tsc_|perfctr_|lahf_|cmp_|nodeid_)/.test(word) ? word : word.replaceAll('_', '-')

/** `0x7,0x0:ebx=xxxxxxxxxxxxxxxxxxxxxx0x00xxxxx0,edx=…`: a character for each bit, the most significant first. */
function readXlMask(entry: string, { settings, notes }: XlPolicy, source: string): void {
  const [, leaf = '', subleaf = '0', registers = ''] =
    /^\s*(\w+)\s*(?:,\s*(\w+)\s*)?:(.*)$/s.exec(entry) ?? []
  for (const part of registers.split(',')) {
    const [, name = '', bits = ''] = /^\s*(\w+)\s*=\s*([01xks]{32})\s*$/.exec(part) ?? []
    const register = REGISTERS.find(known => known === name.toLowerCase())
    if (!register)
      throw new ParseError(`cpuid: \`${part.trim()}\`: expected a register and 32 of 0 1 x k s`, source)
    const place = cpuidPlace(Number(leaf), Number(subleaf), register)
    for (const [i, character] of [...bits].entries()) {
      if (character !== '0' && character !== '1') continue
      const known = bitMask(31 - i)
      const [feature] = featuresOfWords([{ place, value: 0, known }]).absent
      if (feature) settings.push([feature, POLICY[character]])
      else notes.push(`${printPlace(place, 31 - i)} is set to ${character}: libvirt has no name for it`)
    }
  }
}

/** The CPU of a Ganeti instance under KVM: QEMU's own argument, with commas escaped where it was typed. */
export const ganeti: Dialect = {
  name: 'ganeti',
  title: 'gnt-instance info, or cpu_type of Ganeti’s KVM',
  hostsBy: 'cat /proc/cpuinfo',
  sniff: text =>
    /^[ \t-]*cpu_type:[ \t]*\S/m.test(text) && /^[ \t-]*(?:Hypervisor|Instance name|kvm)\b/m.test(text),
  read: text =>
    text.split(/^(?=[ \t]*(?:-[ \t]*)?Instance name:)/m).flatMap(part => {
      const of = (key: string) => new RegExp(`^[ \\t-]*${key}:(.*)$`, 'm').exec(part)?.[1]?.trim()
      const argument = of('cpu_type')?.replaceAll('\\,', ',')
      if (!argument || argument.startsWith('default')) return []
      const vcpus = Number(/^\d+/.exec(of('vcpus') ?? of('VCPUs') ?? '')?.[0] ?? 0)
      // QEMU takes 0 and 1 for off and on.
      const cpu = parseCpuArgument(argument.replace(/=0\b/g, '=off').replace(/=1\b/g, '=on'))
      const name = of('Instance name')
      return { kind: 'guest', layer: 'defined', cpu, name, uuid: of('UUID'), vcpus: vcpus || undefined }
    }),
}

/** The CPU that CloudStack's KVM agent gives guests: `agent.properties`. */
export const cloudStack: Dialect = {
  name: 'cloudstack',
  title: 'CloudStack agent.properties',
  sniff: text => /^[ \t]*guest\.cpu\.(?:mode|model|features)[ \t]*[=:]/m.test(text),
  read: (text, source) => {
    const of = (key: string) =>
      new RegExp(`^[ \\t]*guest\\.cpu\\.${key}[ \\t]*[=:][ \\t]*(.*?)[ \\t]*\\r?$`, 'm').exec(text)?.[1] ||
      undefined
    const mode = of('mode')
    const words = (of('features') ?? '').split(/\s+\+?/).filter(word => word !== '')
    const features = words.map(word => ({
      name: word.replace(/^-/, ''),
      policy: (word.startsWith('-') ? 'disable' : 'require') satisfies Policy as Policy,
    }))
    const model = mode === 'custom' ? of('model') : mode
    if (mode === 'custom' && !model)
      throw new ParseError('guest.cpu.mode=custom needs a line guest.cpu.model=MODEL', source)
    const fallback = mode === 'custom' ? { fallback: 'allow' as const } : {}
    const cpu = guestCpuOf(model ?? 'qemu64', features, model ? fallback : {})
    const notes = model ? [] : ['without guest.cpu.mode guests get QEMU’s default, qemu64']
    return [{ kind: 'guest', layer: 'defined', cpu, notes }]
  },
}

/** A VMware virtual machine's configuration file: the CPU is the host's, but for masks. */
export const vmx: Dialect = {
  name: 'vmx',
  title: 'a VMX file',
  hostsBy: 'govc object.collect -json HOST config.featureCapability',
  sniff: text =>
    /^[ \t]*(?:cpuid\.[0-9a-f]+\.e[abcd]x(?:\.amd)?|featMask\.vm\.cpuid\.\w+|virtualHW\.version)\s*=\s*"/im.test(
      text,
    ),
  read: (text, source) => {
    const options = new Map<string, string>()
    for (const [, key = '', value = ''] of text.matchAll(/^[ \t]*([\w.:]+)\s*=\s*"([^"]*)"/gm))
      options.set(key, value)
    const notes: string[] = []
    const settings = [...options].flatMap(([key, value]) => readVmxMask(key, value, source, notes))
    const vcpus = Number(options.get('numvcpus') ?? Number.NaN)
    return [
      {
        kind: 'guest',
        layer: 'defined',
        cpu: guestCpuOf('host', featuresOfSettings(settings, 'libvirt')),
        name: options.get('displayName'),
        uuid: options.get('uuid.bios'),
        vcpus: vcpus > 0 ? vcpus : undefined,
        notes,
      },
    ]
  },
}

/** A bit mask of a register, or `featMask.vm.cpuid.NAME = "Val:0"`. */
function readVmxMask(key: string, value: string, source: string, notes: string[]): Setting[] {
  const feature = /^featMask\.vm\.cpuid\.(\w+)$/i.exec(key)?.[1]
  if (feature) {
    const setting: Setting = [feature, value.endsWith(':0') ? 'disable' : 'require']
    return featuresOfSettings([setting], 'vmware', 'libvirt').map(({ name }) => [name, setting[1]])
  }
  const [, leaf = '', name = '', amd] = /^cpuid\.([0-9a-f]+)\.(e[abcd]x)(\.amd)?$/i.exec(key) ?? []
  const register = REGISTERS.find(known => known === name.toLowerCase())
  if (!register) return []
  if (amd) notes.push(`\`${key}\` is for hosts of AMD alone`)
  if (amd) return []
  const bits = value.replace(/[\s:]/g, '')
  if (!/^[01HRTFx-]{32}$/i.test(bits)) {
    throw new ParseError(`${key}: 32 of 0 1 - H R T F x are needed, the most significant bit first`, source)
  }
  return settingsOf(Number.parseInt(leaf, 16), register, bits)
}

function settingsOf(leaf: number, register: Register, bits: string): Setting[] {
  const place = cpuidPlace(leaf, 0, register)
  const features = (characters: RegExp) =>
    featuresOfWords([{ place, value: 0, known: maskOf(bits, characters) }]).absent
  return [
    ...features(/[0F]/i).map((name): Setting => [name, 'disable']),
    ...features(/1/).map((name): Setting => [name, 'force']),
    ...features(/T/i).map((name): Setting => [name, 'require']),
  ]
}

/** The bits whose characters match. */
const maskOf = (bits: string, characters: RegExp): number =>
  [...bits].reduce((mask, c, i) => (characters.test(c) ? (mask | bitMask(31 - i)) >>> 0 : mask), 0)

/** `[{"level": 1, "ecx": "0111:…"}…]`: registers of the hardware, `-` where a bit is unknown. */
export function hardwareOf(list: unknown, name: string | undefined): Found[] {
  if (!Array.isArray(list)) return []
  const words = list.filter(isObject).flatMap(entry =>
    REGISTERS.flatMap((register): KnownWord[] => {
      const level = Number(anyCase(entry, 'level') ?? Number.NaN)
      const bits = String(anyCase(entry, register) ?? '').replaceAll(':', '')
      if (!(level >= 0 && /^[01-]{32}$/.test(bits))) return []
      return [
        { place: cpuidPlace(level, 0, register), value: maskOf(bits, /1/), known: maskOf(bits, /[01]/) },
      ]
    }),
  )
  return words.length > 0 ? [{ kind: 'dump', dumps: [dumpOfWords(words, { name, layer: 'hardware' })] }] : []
}
