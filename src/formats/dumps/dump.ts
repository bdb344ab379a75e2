import { hex, type U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRegisters, type CpuidRow, type MsrRow, rowOf } from '../../core/cpuid.ts'

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
  /** The number of its machine in a text of several; absent: 0. */
  readonly machine?: number | undefined
}

/** Collects what the lines of a dump say, in the order of the text. */
export class DumpBuilder {
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

  dumps(): Dump[] {
    return this.#cpus.filter(cpu => cpu.rows.size > 0).map(finish)
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

function finish({ label, machine, rows, msrs, notes }: CpuInText): Dump {
  const all = Cpuid.of([...rows.values()], [...msrs.values()]).merged()
  const [basic, extended] = [maximumOf(all, 0), maximumOf(all, EXTENDED)]
  const kept = all.rows().filter(([leaf]) => {
    if (leaf < 0x4000_0000) return leaf <= basic
    return leaf >>> 16 !== EXTENDED >>> 16 || leaf <= extended
  })
  return { label, data: Cpuid.of(kept, all.msrs()), notes, machine }
}

const EXTENDED = 0x8000_0000

/**
 * The highest leaf of a range; no limit where the CPU does not say. Only of the two ranges that every manual
 * defines: elsewhere (hypervisors, Transmeta, VIA, 8FFFFFFFH) the first register may be anything.
 */
const maximumOf = (data: Cpuid, base: U32): number =>
  data.has(base, 0) ? data.word(base, 0, 'eax') : Number.POSITIVE_INFINITY

const nameOf = ([leaf, subleaf]: CpuidRow): string => `leaf ${hex(leaf, 1)}H subleaf ${subleaf}`
