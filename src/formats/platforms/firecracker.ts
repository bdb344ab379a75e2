import { bitMask } from '../../core/bits.ts'
import { Cpuid } from '../../core/cpuid.ts'
import { type Place, REGISTERS } from '../../core/feature.ts'
import { ParseError } from '../../core/parse-error.ts'
import { foundDumps } from '../dumps/dump.ts'
import type { Dialect, Found, FoundGuest, RegisterDump } from '../found.ts'
import { isObject, type JsonObject, member, parseDocuments } from '../json/json.ts'
import { featuresOfSettings, guestCpuOf, type Setting } from './guest-cpu.ts'
import { cpuidPlace, featuresOfWords } from './register-words.ts'

/** Firecracker: the fingerprint of a host, which is the CPU that guests get there, and CPU templates. */
export const firecracker: Dialect = {
  name: 'firecracker',
  title: 'Firecracker fingerprint or CPU template (cpu-template-helper)',
  hostsBy: 'cpu-template-helper fingerprint dump',
  withoutLibvirt: true,
  sniff: text =>
    /^\ufeff?\s*\{/.test(text) &&
    /"(?:cpuid_modifiers|msr_modifiers|reg_modifiers|guest_cpu_config)"\s*:/.test(text),
  read: (text, source) => parseDocuments(text, source).flatMap(({ value }) => readConfig(value, source)),
}

/** A pattern of bits, the most significant first, and where it stands. */
interface Pattern {
  readonly place: Place
  readonly bits: string
}

function readConfig(value: unknown, source: string): Found[] {
  const config = member(value, 'guest_cpu_config') ?? value
  const list = (name: string) => {
    const entries = member(config, name)
    return Array.isArray(entries) ? entries.filter(isObject) : []
  }
  const registers = list('reg_modifiers')
  if (registers.length > 0) return readArm(registers, source)
  const patterns = [
    ...list('cpuid_modifiers').flatMap(entry => cpuidPatterns(entry, source)),
    ...list('msr_modifiers').flatMap(entry => msrPatterns(entry, source)),
  ]
  if (patterns.some(({ bits }) => bits.includes('x'))) return [templateOf(patterns)]
  return patterns.length > 0 ? readDump(patterns, hostNote(value)) : []
}

function cpuidPatterns(entry: JsonObject, source: string): Pattern[] {
  const modifiers = Array.isArray(entry.modifiers) ? entry.modifiers : []
  const [leaf, subleaf] = [numberOf(entry.leaf, source), numberOf(entry.subleaf, source)]
  return modifiers.map(modifier => {
    const register = REGISTERS.find(name => name === member(modifier, 'register'))
    if (!register)
      throw new ParseError('a modifier of a leaf names its register: eax, ebx, ecx or edx', source)
    return {
      place: cpuidPlace(leaf, subleaf, register),
      bits: bitsOf(member(modifier, 'bitmap'), 32, source),
    }
  })
}

function msrPatterns(entry: JsonObject, source: string): Pattern[] {
  const index = numberOf(entry.addr, source)
  const bits = bitsOf(entry.bitmap, 64, source)
  return [
    { place: { kind: 'msr', index, half: 'low' }, bits: bits.slice(32) },
    { place: { kind: 'msr', index, half: 'high' }, bits: bits.slice(0, 32) },
  ]
}

function numberOf(value: unknown, source: string): number {
  if (typeof value === 'string' && /^(?:0x[0-9a-f]{1,8}|0b[01]+|\d{1,10})$/i.test(value)) return Number(value)
  throw new ParseError(`\`${String(value)}\`: a leaf, subleaf or address is a text such as "0x7"`, source)
}

/** `0b00x1…`: 0, 1, or `x` for the host's bit; shorter ones are filled with `x`. */
function bitsOf(value: unknown, width: number, source: string): string {
  const bits = /^0b([01x_]+)$/.exec(String(value))?.[1]?.replaceAll('_', '')
  if (bits === undefined || bits.length > width) {
    throw new ParseError(`\`${String(value)}\`: a bitmap is 0b and up to ${width} of 0, 1 and x`, source)
  }
  return bits.padStart(width, 'x')
}

const hostNote = (value: unknown): string[] => {
  const [kernel, microcode] = ['kernel_version', 'microcode_version'].map(name => member(value, name))
  return kernel && microcode ? [`kernel ${String(kernel)}, microcode ${String(microcode)}`] : []
}

/** What guests get without a template: every bit is known. */
function readDump(patterns: readonly Pattern[], notes: readonly string[]): Found[] {
  const data = Cpuid.ofWords(patterns.map(({ place, bits }) => [place, Number.parseInt(bits, 2)]))
  return foundDumps([{ label: '', data, notes }]).map(found =>
    found.kind === 'dump'
      ? { ...found, dumps: found.dumps.map(dump => ({ ...dump, layer: 'offered' as const })) }
      : found,
  )
}

function templateOf(patterns: readonly Pattern[]): FoundGuest {
  const settings = patterns.flatMap(({ place, bits }) => {
    const features = (character: string) =>
      featuresOfWords([{ place, value: 0, known: maskOf(bits, character) }]).absent
    return [
      ...features('0').map((name): Setting => [name, 'disable']),
      ...features('1').map((name): Setting => [name, 'force']),
    ]
  })
  const cpu = guestCpuOf('host', featuresOfSettings(settings, 'libvirt'))
  return {
    kind: 'guest',
    layer: 'defined',
    cpu,
    notes: ['a CPU template: what it leaves to the host is the host’s'],
  }
}

const maskOf = (bits: string, character: string): number =>
  [...bits].reduce((mask, c, i) => (c === character ? (mask | bitMask(31 - i)) >>> 0 : mask), 0)

/** KVM's number of a 64-bit system register: 6030 0000 0013, then op0, op1, CRn, CRm and op2. */
const SYSTEM = 0x6030_0000_0013_0000n

/** The ID registers of ARM by that number. @see Arm Architecture Reference Manual, "ID registers" */
const ARM_REGISTERS: ReadonlyMap<number, string> = new Map([
  [0xc000, 'MIDR_EL1'],
  [0xc020, 'ID_AA64PFR0_EL1'],
  [0xc021, 'ID_AA64PFR1_EL1'],
  [0xc024, 'ID_AA64ZFR0_EL1'],
  [0xc025, 'ID_AA64SMFR0_EL1'],
  [0xc028, 'ID_AA64DFR0_EL1'],
  [0xc030, 'ID_AA64ISAR0_EL1'],
  [0xc031, 'ID_AA64ISAR1_EL1'],
  [0xc032, 'ID_AA64ISAR2_EL1'],
  [0xc038, 'ID_AA64MMFR0_EL1'],
  [0xc039, 'ID_AA64MMFR1_EL1'],
  [0xc03a, 'ID_AA64MMFR2_EL1'],
])

function readArm(entries: readonly JsonObject[], source: string): Found[] {
  const registers = new Map<string, bigint>()
  for (const { addr, bitmap } of entries) {
    const id = /^0x[0-9a-f]{1,16}$/i.test(String(addr)) ? BigInt(String(addr)) : 0n
    const name = ARM_REGISTERS.get(Number(id - SYSTEM))
    const bits = name ? bitsOf(bitmap, 128, source).replace(/^x{64}/, '') : 'x'
    if (name && !bits.includes('x')) registers.set(name, BigInt(`0b${bits}`))
  }
  const dump: RegisterDump = { arch: 'aarch64', registers, cpus: ['0'] }
  return registers.size > 0 ? [{ kind: 'registers', dumps: [dump] }] : []
}

/** Why Cloud Hypervisor refuses to restore or receive a guest: a line for each register that does not fit. */
export const cloudHypervisor: Dialect = {
  name: 'cloud-hypervisor',
  title: 'Cloud Hypervisor: Detected incompatible CPUID entry',
  sniff: text => /Detected incompatible CPUID entry: leaf=/.test(text),
  read: text => {
    const entries = [...text.matchAll(ENTRY)].flatMap(([, leaf, subleaf, name, from, to]) => {
      const register = REGISTERS.find(known => known === name?.toLowerCase())
      const place = register && cpuidPlace(Number(leaf), Number(subleaf), register)
      return place ? [{ place, source: Number(from), destination: Number(to) }] : []
    })
    const source = featuresOfWords(entries.map(({ place, source: value }) => ({ place, value })))
    const target = featuresOfWords(entries.map(({ place, destination: value }) => ({ place, value })))
    if (source.present.length + target.present.length + target.absent.length === 0) return []
    const cpu = guestCpuOf(
      undefined,
      featuresOfSettings(
        source.present.map((name): Setting => [name, 'require']),
        'libvirt',
      ),
    )
    const notes = ['only the registers that did not fit are known']
    return [
      {
        kind: 'statement',
        layer: 'offered',
        arch: 'x86_64',
        vocabulary: 'libvirt',
        ...target,
        complete: false,
        name: 'destination',
        notes,
      },
      { kind: 'guest', layer: 'running', cpu, name: 'source', notes },
    ]
  },
}

const ENTRY =
  /leaf=(0x[0-9a-f]+) \(subleaf=(0x[0-9a-f]+)\), register='(E[A-D]X)', compat\w+_check='BitwiseSubset', source VM feature='(0x[0-9a-f]+)', destination VM feature=?'(0x[0-9a-f]+)'/gi
