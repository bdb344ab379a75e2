import type { U32 } from '../../core/bits.ts'
import type { CpuidRegisters } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import { REGISTERS } from '../../core/place.ts'
import type { Dump } from './dump.ts'

/** What a line says of a processor: `cpuid.eax[0x7].ebx`, `cpuid.subleaf_eax[0x4].ecx[0x1].until_ecx`. */
const WORD =
  /^cpuid\.(?:subleaf_)?eax\[(0x[0-9a-f]{1,8})\](?:\.ecx\[(0x[0-9a-f]{1,8})\])?\.(e[abcd]x|until_ecx|ecx_query_mask)$/

/**
 * The processors of the loader's diagnostics, as glibc 2.40 and newer print them: what a processor has in common with
 * the one before it is not said again.
 */
export class LoaderProcessors {
  readonly #words = new Map<string, CpuidRegisters>()
  /** Subleaves that answer as the first of them. */
  readonly #ranges = new Map<string, Range>()
  readonly #dumps: Dump[] = []
  #current: { readonly index: number; label: string; told: boolean } | undefined
  #rows = 0

  /** Takes what is said of processor `index`; answers whether it can be: processors are in order. */
  learn(index: number, path: string, value: number): boolean {
    if (index !== this.#current?.index) {
      if (index !== (this.#current?.index ?? -1) + 1 || !this.#finish()) return false
      this.#current = { index, label: `CPU ${index}`, told: false }
    }
    if (path === 'requested') this.#current.label = `CPU ${value}`
    const [, leaf, subleaf, what = ''] = WORD.exec(path) ?? []
    if (leaf === undefined) return true
    if (value > 0xffff_ffff) return false
    this.#current.told = true
    this.#set(Number(leaf), Number(subleaf ?? 0), what, value)
    return true
  }

  /** What was learnt; undefined where it is more than any machine has. */
  dumps(): Dump[] | undefined {
    return this.#finish() ? this.#dumps : undefined
  }

  #set(leaf: U32, subleaf: U32, what: string, value: U32): void {
    const key = `${leaf}.${subleaf}`
    const register = REGISTERS.find(name => name === what)
    if (register) {
      this.#words.set(key, { ...(this.#words.get(key) ?? ZEROS), [register]: value })
      return
    }
    const range = this.#ranges.get(key) ?? { leaf, first: subleaf, last: subleaf, mask: 0 }
    this.#ranges.set(key, what === 'until_ecx' ? { ...range, last: value } : { ...range, mask: value })
  }

  #finish(): boolean {
    if (this.#current?.told) {
      const data = walkLeaves((leaf, subleaf) => this.#query(leaf, subleaf))
      this.#dumps.push({ label: this.#current.label, data, notes: [] })
      this.#rows += data.rows().length
    }
    return this.#rows <= MOST_ROWS
  }

  #query(leaf: U32, subleaf: U32): CpuidRegisters {
    const words = this.#words.get(`${leaf}.${subleaf}`)
    if (words) return words
    for (const { first, last, mask, ...range } of this.#ranges.values()) {
      if (range.leaf !== leaf || subleaf < first || subleaf > last) continue
      const registers = this.#words.get(`${leaf}.${first}`) ?? ZEROS
      // Where a mask is told, these bits of ECX are the question's.
      return { ...registers, ecx: ((registers.ecx & ~mask) | (subleaf & mask)) >>> 0 }
    }
    return ZEROS
  }
}

const ZEROS: CpuidRegisters = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

interface Range {
  readonly leaf: U32
  readonly first: U32
  readonly last: U32
  readonly mask: U32
}

/** Eight thousand processors have a million. */
const MOST_ROWS = 2_000_000
