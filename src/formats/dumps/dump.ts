import { hex, type U32 } from '../../core/bits.ts'
import type { NamedRegisters } from '../../core/cpu.ts'
import { Cpuid, type CpuidRegisters, type CpuidRow, type MsrRow, rowOf } from '../../core/cpuid.ts'
import { ParseError } from '../../core/parse-error.ts'
import { groupBy } from '../../core/text.ts'
import type { DistinctDump, Found, RegisterDump } from '../found.ts'

/**
 * The dumps without the repetitions: two are one CPU where their data differ in volatile words only. More than
 * one is left of a part with cores of several kinds, of mixed microcode, or of several hosts in one text.
 */
export function distinctDumps(dumps: readonly Dump[]): DistinctDump[] {
  const found = new Map<
    string,
    { data: Cpuid; cpus: string[]; notes: string[]; unknown?: readonly string[]; isOpen?: boolean }
  >()
  for (const [number, { label, data, notes, unknown = [], isOpen = false }] of dumps.entries()) {
    const key = stableKey(data)
    const same = found.get(key)
    if (same) same.cpus.push(label || String(number))
    else {
      const words = unknown.length > 0 ? { unknown } : {}
      const more = { ...words, ...(isOpen ? { isOpen } : {}) }
      found.set(key, { data, cpus: [label || String(number)], notes: [...notes], ...more })
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
  about: Pick<DistinctDump, 'layer' | 'vocabulary' | 'facts'> = {},
): Found[] {
  const machines = groupBy(dumps, dump => `${dump.machine ?? 0} ${siliconOf(dump.data)}`)
  return [...machines.values()].map(own => ({
    kind: 'dump',
    dumps: distinctDumps(own.map(withFeatureMsrs)).map(dump => ({ ...dump, ...about })),
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

/** MSRs in which CPUs enumerate features; of all others in a dump the values are of the moment, or secret. */
export const FEATURE_MSRS: ReadonlySet<U32> = new Set([
  0xcf, // IA32_CORE_CAPABILITIES
  0x10a, // IA32_ARCH_CAPABILITIES
  0x480, // IA32_VMX_BASIC
  0x485, // IA32_VMX_MISC
  0x48b, // IA32_VMX_PROCBASED_CTLS2
  0x48c, // IA32_VMX_EPT_VPID_CAP
  0x48d, // IA32_VMX_TRUE_PINBASED_CTLS
  0x48e, // IA32_VMX_TRUE_PROCBASED_CTLS
  0x48f, // IA32_VMX_TRUE_EXIT_CTLS
  0x490, // IA32_VMX_TRUE_ENTRY_CTLS
  0x491, // IA32_VMX_VMFUNC
])

/** What a dump says of one logical CPU. */
export interface Dump {
  /** As the text calls the CPU: `Logical CPU #0`, `CPU 3`; empty where it does not say. */
  readonly label: string
  /** Leaves by leaf and subleaf, MSRs by index, one row each, none above the CPU's own maximum. */
  readonly data: Cpuid
  /** What in the text contradicts itself, and what was made of it. */
  readonly notes: readonly string[]
  /** Words of a list that are no names we know. */
  readonly unknown?: readonly string[] | undefined
  /** As `DistinctDump` has it. */
  readonly isOpen?: boolean | undefined
  /** The number of its machine in a text of several; absent: 0. */
  readonly machine?: number | undefined
}

/** Collects what the lines of a dump say, in the order of the text. */
class DumpBuilder {
  readonly #cpus: CpuInText[] = []
  readonly #byLabel = new Map<string, CpuInText>()
  #label = ''
  #machine = 0
  /** Whether a CPU's head came and no row yet. */
  #headed = false
  /** The CPUs that the MSRs to come are of, where no label says so. */
  #shared: readonly CpuInText[] | undefined

  /** What follows is of this CPU. */
  startCpu(label: string): void {
    this.#label = label
    this.#headed = true
    this.#shared = undefined
  }

  /** What follows are MSRs of no CPU in particular: of every one so far that has none of its own. */
  startSharedMsrs(): void {
    this.#shared = this.#cpus.filter(cpu => cpu.machine === this.#machine && cpu.msrs.size === 0)
  }

  /**
   * A row; without a `subleaf` it is the next one of its leaf. A second leaf 0 begins another CPU, as some texts
   * hold several without saying so; below a head that came before, another machine.
   */
  addRow(leaf: U32, subleaf: U32 | undefined, registers: CpuidRegisters): void {
    const cpu = this.#current(leaf === 0)
    this.#headed = false
    const order = cpu.seen.get(leaf) ?? 0
    cpu.seen.set(leaf, order + 1)
    const row = rowOf(leaf, subleaf ?? order, registers)
    const key = `${leaf}.${subleaf ?? order}`
    const first = cpu.rows.get(key)
    if (first === undefined) cpu.rows.set(key, row)
    else if (String(first) !== String(row)) cpu.notes.push(`${nameOf(row)} is given twice: the first counts`)
  }

  /** An MSR of the current CPU. Of two with one index the first counts. */
  addMsr(row: MsrRow): void {
    for (const { msrs } of this.#shared ?? [this.#current(false)])
      if (!msrs.has(row[0])) msrs.set(row[0], row)
  }

  #current(begins: boolean): CpuInText {
    const known = this.#byLabel.get(this.#label)
    if (known !== undefined && !(begins && known.rows.has(FIRST))) return known
    if (known !== undefined && this.#headed) {
      this.#machine++
      this.#byLabel.clear()
    }
    const cpu: CpuInText = {
      machine: this.#machine,
      label: this.#label,
      rows: new Map(),
      seen: new Map(),
      msrs: new Map(),
      notes: [],
    }
    this.#cpus.push(cpu)
    this.#byLabel.set(this.#label, cpu)
    return cpu
  }

  /** @param source what errors call the text. @throws ParseError for a CPU whose rows end before its highest leaf */
  dumps(source = ''): Dump[] {
    return this.#cpus.filter(cpu => cpu.rows.size > 0).map(cpu => finish(cpu, source))
  }
}

const FIRST = '0.0'

interface CpuInText {
  readonly machine: number
  readonly label: string
  readonly rows: Map<string, CpuidRow>
  /** How many rows of each leaf the text has. */
  readonly seen: Map<U32, number>
  readonly msrs: Map<U32, MsrRow>
  readonly notes: string[]
}

function finish({ label, machine, rows, msrs, notes }: CpuInText, source: string): Dump {
  const all = Cpuid.of([...rows.values()], [...msrs.values()]).merged()
  refuseCut(all, label, source)
  const [basic, extended] = [maximumOf(all, 0), maximumOf(all, EXTENDED)]
  const kept = all.rows().filter(([leaf]) => {
    if (leaf < 0x4000_0000) return leaf <= basic
    return leaf >>> 16 !== EXTENDED >>> 16 || leaf <= extended
  })
  return { label, data: Cpuid.of(kept, all.msrs()), notes, machine }
}

/**
 * Tools print all leaves in order, basic ones first: where the last are missing, the text was cut.
 * @throws ParseError
 */
function refuseCut(data: Cpuid, label: string, source: string): void {
  const leaves = (base: U32) => data.rows().flatMap(([leaf]) => (leaf >>> 16 === base >>> 16 ? leaf : []))
  const [basic, extended] = [leaves(0), leaves(EXTENDED)]
  const ends = extended.length > 0 ? ([EXTENDED, extended] as const) : ([0, basic] as const)
  const [base, own] = ends
  if (!data.has(base, 0)) return
  const [highest, last] = [data.word(base, 0, 'eax'), Math.max(...own)]
  const isRange = highest >>> 16 === base >>> 16
  // Every CPU with so many basic leaves has extended ones.
  const lacksRange = base === 0 && last >= 5 && !own.includes(0x4000_0000)
  if (!isRange || (last >= highest && !lacksRange)) return
  const missing = last >= highest ? EXTENDED : last + 1
  const cpu = label === '' ? 'the CPU' : label
  throw new ParseError(
    `${cpu} is cut off before leaf ${hex(missing, 1).toUpperCase()}H, which it has`,
    source,
  )
}

const EXTENDED = 0x8000_0000

/**
 * The highest leaf of a range; no limit where the CPU does not say. Only of the two ranges that every manual
 * defines: elsewhere (hypervisors, Transmeta, VIA, 8FFFFFFFH) the first register may be anything.
 */
const maximumOf = (data: Cpuid, base: U32): number =>
  data.has(base, 0) ? data.word(base, 0, 'eax') : Number.POSITIVE_INFINITY

const nameOf = ([leaf, subleaf]: CpuidRow): string => `leaf ${hex(leaf, 1)}H subleaf ${subleaf}`

/**
 * Reads one line of a dump into `builder`. Answers false for a line that is something else;
 * `'malformed'` for one that is meant and cannot be read.
 */
export type LineReader = (line: string, builder: DumpBuilder) => boolean | 'malformed'

/** Reads a dump line by line: the first of `readers` that knows a line has it, and a line that none knows is passed over. */
export function parseLines(text: string, source: string, readers: readonly LineReader[]): Dump[] {
  const builder = new DumpBuilder()
  const lines = text.split(/\r\n|[\n\r]/)
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (readLine(line, builder, readers)) continue
    // A terminal may have folded it.
    const next = lines[index + 1] ?? ''
    if ([line + next, `${line} ${next}`].some(joined => readLine(joined, builder, readers))) {
      index++
      continue
    }
    const column = line.search(/\S/) + 1
    const excerpt = line.length > 100 ? '' : line.replaceAll('\t', ' ')
    throw new ParseError('this line of a CPUID dump is not complete', source, index + 1, column, excerpt)
  }
  return builder.dumps(source)
}

function readLine(line: string, builder: DumpBuilder, readers: readonly LineReader[]): boolean {
  for (const read of readers) {
    const answer = read(line, builder)
    if (answer !== false) return answer === true
  }
  return true
}

/** The registers of a row, each hexadecimal of at most 8 digits. */
export const registersFromHex = (eax = '', ebx = '', ecx = '', edx = ''): CpuidRegisters => ({
  eax: fromHex(eax),
  ebx: fromHex(ebx),
  ecx: fromHex(ecx),
  edx: fromHex(edx),
})

/** A register of a dump: hexadecimal, at most 8 digits. */
export const fromHex = (digits: string): number => Number.parseInt(digits, 16)
