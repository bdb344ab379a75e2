import type { U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRegisters, type CpuidRow, rowOf } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import { REGISTERS } from '../../core/feature.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect } from '../found.ts'
import type { Dump } from './dump.ts'
import { foundDumps } from './dump.ts'

/** What a line says of a processor: `cpuid.eax[0x7].ebx`, `cpuid.subleaf_eax[0x4].ecx[0x1].until_ecx`. */
const WORD =
  /^cpuid\.(?:subleaf_)?eax\[(0x[0-9a-f]{1,8})\](?:\.ecx\[(0x[0-9a-f]{1,8})\])?\.(e[abcd]x|until_ecx|ecx_query_mask)$/

/**
 * The processors of the loader's diagnostics, as glibc 2.40 and newer print them: what a processor has in common with
 * the one before it is not said again.
 */
class LoaderProcessors {
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

  /** Whether leaves are missing that every processor has. */
  get isCut(): boolean {
    const eaxOf = (leaf: U32) => this.#words.get(`${leaf}.0`)?.eax ?? 0
    const highest = eaxOf(EXTENDED) || EXTENDED
    const isWhole = this.#words.has(`${Math.min(highest, SIZES)}.0`) && eaxOf(0) > 0 && eaxOf(1) > 0
    return this.#dumps.length > 0 && !isWhole
  }

  /** What was learnt; undefined where it is more than any machine has. */
  dumps(): Dump[] | undefined {
    if (!this.#finish()) return undefined
    const [only, ...more] = this.#dumps
    // Words of zero are not printed: what comes after the last one, and the rest of its leaf, may have been cut off.
    const last = Math.max(...[...this.#words.keys()].map(key => Number(key.split('.')[0])))
    return only && more.length === 0
      ? [{ ...only, data: Cpuid.of(only.data.rows().filter(([leaf]) => leaf < last)) }]
      : this.#dumps
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

const EXTENDED = 0x8000_0000
/** The leaf of the widths of addresses. */
const SIZES = 0x8000_0008

const ZEROS: CpuidRegisters = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

interface Range {
  readonly leaf: U32
  readonly first: U32
  readonly last: U32
  readonly mask: U32
}

/** Eight thousand processors have a million. */
const MOST_ROWS = 2_000_000

/** What glibc's dynamic loader prints. */
export const ldSo: Dialect = {
  name: 'ld.so',
  title: 'ld.so --list-diagnostics',
  sniff: text => /^x86\.(?:cpu_features|processor)\b/m.test(text),
  read: (text, source) => foundDumps(parseLoaderDiagnostics(text, source)),
}

/**
 * The CPUs of what glibc's dynamic loader prints, `ld.so --list-diagnostics`: every leaf of every CPU since glibc 2.40,
 * before that a few leaves of the CPU that it ran on.
 * @see The GNU C Library, "Dynamic Linker Diagnostics Values"
 * @throws ParseError at a line of registers that is not complete
 */
export function parseLoaderDiagnostics(text: string, source = ''): Dump[] {
  const processors = new LoaderProcessors()
  const chosen = new Map<string, U32>()
  for (const [i, line] of text.split('\n').entries()) {
    if (!line.startsWith('x86.')) continue
    if (!learnLine(line.trimEnd(), processors, chosen)) {
      const excerpt = line.length > 100 ? '' : line
      throw new ParseError('this line of loader diagnostics cannot be', source, i + 1, 1, excerpt)
    }
  }
  const dumps = processors.dumps()
  if (dumps && processors.isCut) throw new ParseError(CUT, source)
  if (!dumps) throw new ParseError('more processors and leaves than any machine has', source)
  return dumps.length > 0 || chosen.size === 0 ? dumps : [dumpOf(chosen, source)]
}

const PROCESSOR = /^x86\.processor\[(0x[0-9a-f]{1,4})\]\.([\w.[\]]+)=(0x[0-9a-f]{1,16})$/
const CHOSEN =
  /^x86\.cpu_features\.(basic\.\w+|features\[0x[0-9a-f]{1,2}\]\.cpuid\[0x[0-3]\])=(0x[0-9a-f]{1,8})$/

/** Answers whether it can be; lines about something else are passed over. */
function learnLine(line: string, processors: LoaderProcessors, chosen: Map<string, U32>): boolean {
  if (line.startsWith('x86.processor[')) {
    const [, index, path = '', value] = PROCESSOR.exec(line) ?? []
    return index !== undefined && processors.learn(Number(index), path, Number(value))
  }
  const meant = /^x86\.cpu_features\.(?:basic\.|features\[[^\]]*\]\.cpuid)/.test(line)
  const [, path = '', value] = CHOSEN.exec(line) ?? []
  if (value !== undefined) chosen.set(path, Number(value))
  return !meant || value !== undefined
}

/** The leaves that glibc keeps, in its order. @see glibc, <sys/platform/x86.h>, CPUID_INDEX_1 and those after it */
const KEPT: readonly (readonly [leaf: U32, subleaf: U32])[] = [
  [1, 0],
  [7, 0],
  [0x8000_0001, 0],
  [0xd, 1],
  [0x8000_0007, 0],
  [0x8000_0008, 0],
  [7, 1],
  [0x19, 0],
  [0x14, 0],
  [0x24, 0],
]

/** Of the other vendors glibc does not tell the name. */
const VENDORS: ReadonlyMap<U32, { readonly ebx: U32; readonly ecx: U32; readonly edx: U32 }> = new Map([
  [1, { ebx: 0x756e_6547, ecx: 0x6c65_746e, edx: 0x4965_6e69 }], // GenuineIntel
  [2, { ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 }], // AuthenticAMD
])

const NOTE =
  'glibc older than 2.40 tells leaves 1, 7, 0DH.1, 14H, 19H, 80000001H, 80000007H and 80000008H only: ' +
  'features of other leaves are not in it; a fleet takes them for unknown'

/** How many of these every glibc that has diagnostics tells. */
const ALWAYS = 8

const CUT = 'these loader diagnostics are cut off: leaves that every CPU has are missing'

function dumpOf(chosen: ReadonlyMap<string, U32>, source: string): Dump {
  const word = (path: string): U32 => chosen.get(path) ?? 0
  const vendor = VENDORS.get(word('basic.kind'))
  const rows: CpuidRow[] = [rowOf(0, 0, { eax: word('basic.max_cpuid'), ...vendor })]
  for (const [i, [leaf, subleaf]] of KEPT.entries()) {
    const path = (register: number) => `features[0x${i.toString(16)}].cpuid[0x${register}]`
    if (![0, 1, 2, 3].every(register => chosen.has(path(register)))) continue
    rows.push([leaf, subleaf, word(path(0)), word(path(1)), word(path(2)), word(path(3))])
  }
  const isTold = ([leaf, subleaf]: readonly [U32, U32]) =>
    rows.some(([own, ofLeaf]) => own === leaf && ofLeaf === subleaf)
  if (!KEPT.slice(0, ALWAYS).every(isTold)) throw new ParseError(CUT, source)
  const notes = vendor
    ? [NOTE]
    : [NOTE, 'glibc does not tell which vendor it is: models of any are considered']
  return { label: '', data: Cpuid.of(rows).merged(), notes }
}
