import type { U32 } from '../../core/bits.ts'
import type { CpuidData, CpuidRow } from '../../core/cpuid-data.ts'
import type { Dump } from './dump.ts'

/** CPUs of one dump that say the same of themselves. */
export interface DistinctDump {
  /** As the first of them said it. */
  readonly data: CpuidData
  /** What the text calls them, in its order; a CPU it gives no name is its number, from 0. */
  readonly cpus: readonly string[]
  readonly notes: readonly string[]
}

/**
 * The dumps without the repetitions: two are one CPU where their data differ in volatile words only. More than
 * one is left of a part with cores of several kinds, of mixed microcode, or of several hosts in one text.
 */
export function distinctDumps(dumps: readonly Dump[]): DistinctDump[] {
  const found = new Map<string, { data: CpuidData; cpus: string[]; notes: string[] }>()
  for (const [number, { label, data, notes }] of dumps.entries()) {
    const key = stableKey(data)
    const same = found.get(key)
    if (same) same.cpus.push(label || String(number))
    else found.set(key, { data, cpus: [label || String(number)], notes: [...notes] })
  }
  return [...found.values()]
}

/** Equal for data that differ in volatile words only. */
const stableKey = ({ leaves, msrs }: CpuidData): string =>
  [...leaves.map(stableRow), ...msrs].map(row => row.join()).join(';')

/**
 * Registers that differ between the logical CPUs of one package, or from one reading to the next: APIC ids,
 * what the operating system has enabled, serial numbers, sensors. The bits to leave out of eax, ebx, ecx, edx.
 * A subleaf is named where only that one is volatile.
 */
const ALL = 0xffff_ffff
const VOLATILE: ReadonlyMap<string, readonly [U32, U32, U32, U32]> = new Map([
  ['1', [0x3000, 0xff00_0000, 0, 0]], // which of two sockets (P5); initial APIC id
  ['3', [ALL, ALL, ALL, ALL]], // serial number of the Pentium III; part of Transmeta's
  ['6', [0, 0, 0, 0xffff_0000]], // row in the table of the hardware feedback interface
  ['11', [0, 0, 0, ALL]], // 0BH: x2APIC id, which has more than 8 bits where there are more than 255
  ['13.0', [0, ALL, 0, 0]], // 0DH: size of what XCR0 has enabled now
  ['13.1', [0, ALL, 0, 0]], // and XCR0 with IA32_XSS
  ['31', [0, 0, 0, ALL]], // 1FH: as 0BH
  [String(0x8000_001e), [ALL, ALL, ALL, ALL]], // AMD: APIC, core and node id
  [String(0x8000_0026), [0, 0, 0, ALL]], // AMD: as 0BH
  [String(0xc000_0002), [ALL, ALL, ALL, ALL]], // VIA, Zhaoxin: temperature and voltage
  [String(0xc000_0004), [ALL, ALL, ALL, ALL]], // VIA, Zhaoxin: temperature and clock
])

/** A row without its volatile bits: the same on every CPU of a kind, and whenever it is read. */
export function stableRow(row: CpuidRow): readonly number[] {
  const masks = VOLATILE.get(`${row[0]}.${row[1]}`) ?? VOLATILE.get(String(row[0]))
  if (masks === undefined) return row
  const [leaf, subleaf, ...registers] = row
  return [leaf, subleaf, ...registers.map((word, i) => (word & ~(masks[i] ?? 0)) >>> 0)]
}
