import type { U32 } from '../../core/bits.ts'
import type { NamedRegisters } from '../../core/cpu.ts'
import type { Cpuid, CpuidRegisters, CpuidRow } from '../../core/cpuid.ts'
import type { DistinctDump, Found, RegisterDump } from '../found.ts'
import type { Dump } from './dump.ts'
import { FEATURE_MSRS } from './dump.ts'

/**
 * The dumps without the repetitions: two are one CPU where their data differ in volatile words only. More than
 * one is left of a part with cores of several kinds, of mixed microcode, or of several hosts in one text.
 */
export function distinctDumps(dumps: readonly Dump[]): DistinctDump[] {
  const found = new Map<
    string,
    { data: Cpuid; cpus: string[]; notes: string[]; unknown?: readonly string[] }
  >()
  for (const [number, { label, data, notes, unknown = [] }] of dumps.entries()) {
    const key = stableKey(data)
    const same = found.get(key)
    if (same) same.cpus.push(label || String(number))
    else {
      const words = unknown.length > 0 ? { unknown } : {}
      found.set(key, { data, cpus: [label || String(number)], notes: [...notes], ...words })
    }
  }
  return [...found.values()]
}

/** Equal for data that differ in volatile words only. */
const stableKey = (data: Cpuid): string =>
  [...data.rows().map(stableRow), ...data.msrs()].map(row => row.join()).join(';')

const ALL = 0xffff_ffff
const WHOLE = { eax: ALL, ebx: ALL, ecx: ALL, edx: ALL }

/**
 * The bits that differ between the logical CPUs of one package, or from one reading to the next: APIC ids, what the
 * operating system has enabled, serial numbers, sensors. By leaf, or by leaf and subleaf where only that one is volatile.
 */
const VOLATILE = new Map<string, Partial<CpuidRegisters>>([
  ['1', { eax: 0x3000, ebx: 0xff00_0000 }], // which of two sockets (P5); initial APIC id
  ['3', WHOLE], // serial number of the Pentium III; part of Transmeta's
  ['6', { edx: 0xffff_0000 }], // row in the table of the hardware feedback interface
  ['11', { edx: ALL }], // 0BH: x2APIC id, which has more than 8 bits where there are more than 255
  ['13.0', { ebx: ALL }], // 0DH: size of what XCR0 has enabled now
  ['13.1', { ebx: ALL }], // and XCR0 with IA32_XSS
  ['31', { edx: ALL }], // 1FH: as 0BH
  [String(0x8000_001e), WHOLE], // AMD: APIC, core and node id
  [String(0x8000_0026), { edx: ALL }], // AMD: as 0BH
  [String(0xc000_0002), WHOLE], // VIA, Zhaoxin: temperature and voltage
  [String(0xc000_0004), WHOLE], // VIA, Zhaoxin: temperature and clock
])

/** A row without its volatile bits: the same on every CPU of a kind, and whenever it is read. */
export function stableRow(row: CpuidRow): CpuidRow {
  const [leaf, subleaf, eax, ebx, ecx, edx] = row
  const masks = VOLATILE.get(`${leaf}.${subleaf}`) ?? VOLATILE.get(String(leaf))
  if (masks === undefined) return row
  const without = (word: U32, mask = 0) => (word & ~mask) >>> 0
  return [
    leaf,
    subleaf,
    without(eax, masks.eax),
    without(ebx, masks.ebx),
    without(ecx, masks.ecx),
    without(edx, masks.edx),
  ]
}

/**
 * Each machine's dump of these logical CPUs, with those MSRs that enumerate features; empty for no CPU. CPUs of one
 * machine are of one vendor, family and model: what is not is another's.
 * @param about what the text speaks of where it is not CPUID words
 */
export function foundDumps(
  dumps: readonly Dump[],
  about: Pick<DistinctDump, 'layer' | 'vocabulary'> = {},
): Found[] {
  const machines = new Map<string, Dump[]>()
  for (const dump of dumps) {
    const key = `${dump.machine ?? 0} ${siliconOf(dump.data)}`
    machines.set(key, [...(machines.get(key) ?? []), withFeatureMsrs(dump)])
  }
  return [...machines.values()].map(own => ({
    kind: 'dump',
    dumps: distinctDumps(own).map(dump => ({ ...dump, ...about })),
  }))
}

/** Vendor, family and model; the stepping may differ. */
const siliconOf = (data: Cpuid): string =>
  [data.word(0, 0, 'ebx'), data.word(0, 0, 'ecx'), data.word(1, 0, 'eax') & 0x0fff_0ff0].join()

/** What a dump of Linux's flags speaks of. */
export const OF_LINUX = { layer: 'kernel', vocabulary: 'linux' } as const

const withFeatureMsrs = (dump: Dump): Dump => ({
  ...dump,
  data: dump.data.withMsrs(dump.data.msrs().filter(([index]) => FEATURE_MSRS.has(index))),
})

/** One machine that is not x86; empty for no CPU. */
export const foundRegisters = (dumps: readonly RegisterDump[]): Found[] =>
  dumps.length > 0 ? [{ kind: 'registers', dumps }] : []

/** Joins CPUs that read alike, in order of appearance. */
export function distinctRegisters(
  arch: string,
  cpus: readonly { readonly name: string; readonly registers: NamedRegisters }[],
): RegisterDump[] {
  const groups = new Map<string, { arch: string; registers: NamedRegisters; cpus: string[] }>()
  for (const { name, registers } of cpus) {
    const key = [...registers].map(([register, value]) => `${register}=${value}`).join()
    const group = groups.get(key)
    if (group) group.cpus.push(name)
    else groups.set(key, { arch, registers, cpus: [name] })
  }
  return [...groups.values()]
}
