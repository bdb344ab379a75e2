import { bit, bits, type U32 } from './bits.ts'
import { type Place, REGISTERS, type Register } from './feature.ts'

/** One executed CPUID as JSON has it: `[leaf, subleaf, eax, ebx, ecx, edx]`. */
export type CpuidRow = readonly [leaf: U32, subleaf: U32, eax: U32, ebx: U32, ecx: U32, edx: U32]

/** One MSR as JSON has it: `[index, low 32 bits, high 32 bits]`. */
export type MsrRow = readonly [index: U32, low: U32, high: U32]

/** What one executed CPUID returns. */
export type CpuidRegisters = Readonly<Record<Register, U32>>

/**
 * What a CPU reports about itself: the results of CPUID and of MSR reads. Immutable.
 * Rows with one key are one row: their words are ORed when they are read. A word that is not there is 0.
 */
export class Cpuid {
  readonly #rows: readonly CpuidRow[]
  readonly #msrs: readonly MsrRow[]

  private constructor(rows: readonly CpuidRow[], msrs: readonly MsrRow[]) {
    this.#rows = rows
    this.#msrs = msrs
  }

  static get empty(): Cpuid {
    return new Cpuid([], [])
  }

  /** These rows, in the order of reading. The caller must not change the lists afterwards. */
  static of(rows: readonly CpuidRow[], msrs: readonly MsrRow[] = []): Cpuid {
    return new Cpuid(rows, msrs)
  }

  /** These words, merged; 0 in the other registers of their rows. Words of named registers are passed over. */
  static ofWords(words: Iterable<readonly [place: Place, word: U32]>): Cpuid {
    const rows: CpuidRow[] = []
    const msrs: MsrRow[] = []
    for (const [place, word] of words) {
      if (place.kind === 'cpuid') rows.push(rowOf(place.leaf, place.subleaf, { [place.register]: word }))
      else if (place.kind === 'msr')
        msrs.push(place.half === 'low' ? [place.index, word, 0] : [place.index, 0, word])
    }
    return new Cpuid(rows, msrs).merged()
  }

  /** The executed CPUIDs in the order of reading; a key may repeat. */
  rows(): readonly CpuidRow[] {
    return this.#rows
  }

  /** The MSRs in the order of reading; an index may repeat. */
  msrs(): readonly MsrRow[] {
    return this.#msrs
  }

  has(leaf: U32, subleaf: U32): boolean {
    return this.#rows.some(row => row[0] === leaf && row[1] === subleaf)
  }

  registers(leaf: U32, subleaf: U32): CpuidRegisters {
    let [eax, ebx, ecx, edx] = [0, 0, 0, 0]
    for (const row of this.#rows) {
      if (row[0] !== leaf || row[1] !== subleaf) continue
      eax |= row[2]
      ebx |= row[3]
      ecx |= row[4]
      edx |= row[5]
    }
    return { eax: eax >>> 0, ebx: ebx >>> 0, ecx: ecx >>> 0, edx: edx >>> 0 }
  }

  word(leaf: U32, subleaf: U32, register: Register): U32 {
    return this.registers(leaf, subleaf)[register]
  }

  /** `len` bits (1 to 32) of a word from bit `lsb`, shifted down. */
  field(leaf: U32, subleaf: U32, register: Register, lsb: number, len: number): U32 {
    return bits(this.word(leaf, subleaf, register), lsb, len)
  }

  /** Bit `n` (0 to 31) of a word. */
  bit(leaf: U32, subleaf: U32, register: Register, n: number): boolean {
    return bit(this.word(leaf, subleaf, register), n)
  }

  /** All 64 bits of an MSR. */
  msr(index: U32): bigint {
    const read = this.#msrs.filter(row => row[0] === index)
    return read.reduce((value, [, low, high]) => value | (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), 0n)
  }

  /** Every word and its place, in the order of reading: those of 0 too. A place may repeat. */
  *words(): Iterable<readonly [place: Place, word: U32]> {
    for (const [leaf, subleaf, ...values] of this.#rows) {
      for (const [i, register] of REGISTERS.entries()) {
        yield [{ kind: 'cpuid', leaf, subleaf, register, indexed: true }, values[i] ?? 0]
      }
    }
    for (const [index, low, high] of this.#msrs) {
      yield [{ kind: 'msr', index, half: 'low' }, low]
      yield [{ kind: 'msr', index, half: 'high' }, high]
    }
  }

  /** The same with one row for each key, in ascending order. */
  merged(): Cpuid {
    const rows = new Map<string, CpuidRow>()
    for (const row of this.#rows) {
      const key = `${row[0]}.${row[1]}`
      const old = rows.get(key)
      rows.set(key, old ? joinRows(old, row) : row)
    }
    const msrs = new Map<U32, MsrRow>()
    for (const row of this.#msrs) {
      const [index, low, high] = msrs.get(row[0]) ?? [row[0], 0, 0]
      msrs.set(index, [index, (low | row[1]) >>> 0, (high | row[2]) >>> 0])
    }
    return new Cpuid(
      [...rows.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
      [...msrs.values()].sort((a, b) => a[0] - b[0]),
    )
  }

  withMsrs(msrs: readonly MsrRow[]): Cpuid {
    return new Cpuid(this.#rows, msrs)
  }

  /** Whether two CPUs report exactly the same: as many words, each equal. Words of 0 count. */
  eq(other: Cpuid): boolean {
    const [a, b] = [this.merged(), other.merged()]
    return a.#rows.join(';') === b.#rows.join(';') && a.#msrs.join(';') === b.#msrs.join(';')
  }
}

/** A row as JSON has it; a register that is not given is 0. */
export function rowOf(leaf: U32, subleaf: U32, registers: Partial<CpuidRegisters>): CpuidRow {
  const { eax = 0, ebx = 0, ecx = 0, edx = 0 } = registers
  return [leaf, subleaf, eax, ebx, ecx, edx]
}

/** Both rows of one key as one. */
const joinRows = (a: CpuidRow, b: CpuidRow): CpuidRow => [
  a[0],
  a[1],
  (a[2] | b[2]) >>> 0,
  (a[3] | b[3]) >>> 0,
  (a[4] | b[4]) >>> 0,
  (a[5] | b[5]) >>> 0,
]

const BRAND_LEAVES = [0x8000_0002, 0x8000_0003, 0x8000_0004]

/** The rows that hold the name of a product, of which 48 bytes are kept; none for the empty name. Source: SDM vol. 2A, CPUID. */
export function brandRows(name: string): CpuidRow[] {
  if (name === '') return []
  const byte = (at: number) => name.charCodeAt(at) & 0xff || 0
  const word = (at: number) =>
    (byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24)) >>> 0
  return BRAND_LEAVES.map((leaf, i) => {
    const at = 16 * i
    return rowOf(leaf, 0, { eax: word(at), ebx: word(at + 4), ecx: word(at + 8), edx: word(at + 12) })
  })
}

/** The name of the product; undefined: it is not there. */
export function brandOf(cpu: Cpuid): string | undefined {
  const words = BRAND_LEAVES.flatMap(leaf => {
    const { eax, ebx, ecx, edx } = cpu.registers(leaf, 0)
    return [eax, ebx, ecx, edx]
  })
  const bytes = words.flatMap(word => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24])
  const [text = ''] = String.fromCharCode(...bytes).split('\0')
  return text.trim().replace(/\s+/g, ' ') || undefined
}
