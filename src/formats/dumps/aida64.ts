import { hex, type U32 } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Dialect } from '../found.ts'
import { type Dump, foundDumps, fromHex, type LineReader, parseLines, registersFromHex } from './dump.ts'

/** What AIDA64, EVEREST and InstLatx64 write; libcpuid's newer files are in it too. */
export const aida64: Dialect = {
  name: 'aida64',
  title: 'AIDA64 or InstLatx64 text',
  sniff: text => ANY_ROW.test(text),
  read: (text, source) => foundDumps(parseAida64(text, source)),
}

/**
 * The CPUs of a dump by AIDA64, EVEREST or InstLatx64, of any age: each logical CPU's `CPUID` lines, and its
 * `MSR` lines where there are any. All else in the text is passed over.
 * @throws ParseError at a `CPUID` or `MSR` line that is not complete
 */
export const parseAida64 = (text: string, source = ''): Dump[] => parseLines(text, source, AIDA64_LINES)

/**
 * A line that names a logical CPU by its number, in any language: `------[ Logical CPU #0 ]------`,
 * `------[ MSR Registers / Logical CPU #0 ]------`, `CPUID Registers (CPU #1 Virtual):`, `CPU#000 AffMask: 0x1`,
 * `____ Logical CPU #0 ____`
 */
const HEADINGS = [
  /^[-_=]{2,}[^#]*?([^\s[/#_=-][^[/#]*#\s*\d+)[^#]*?[-_=]{2,}$/,
  /^[^#(]*\b(?:CPUID|MSR)\b[^#(]*\(([^#()]*#\s*\d+)[^#()]*\)\s*:?$/i,
  /^((?:\p{L}+ )?CPU ?#\d+)(?: +AffMask.*| *:?)$/iu,
]
/** What is longer is no heading, and would take long to look through. */
const LONGEST_HEADING = 200

const SHARED_MSRS = /^-+ *\[[^\]#]*\bMSR\b[^\]#]*\] *-+$/i

const heading: LineReader = (line, builder) => {
  const text = line.trim()
  if (SHARED_MSRS.test(text)) {
    builder.startSharedMsrs()
    return true
  }
  if (text.length > LONGEST_HEADING) return false
  for (const pattern of HEADINGS) {
    const label = pattern.exec(text)?.[1]
    if (label === undefined) continue
    builder.startCpu(label.trim())
    return true
  }
  return false
}

const WORD = '(?:e[a-d]x *[=:] *)?(?:0x)?([0-9a-f]{8})'
/**
 * `CPUID 00000004: 1C004121-01C0003F-0000003F-00000000 [SL 00] [L1D: 32 KB]`. Others write a tab for the colon, a blank
 * before it or none behind, or blanks between the words.
 */
const ROW = [
  '^[ \\t]*CPUID[ \\t]+(?:0x)?([0-9a-f]{8})h?(?:[ \\t]*\\[SL *([0-9a-f]{1,8})\\])?(?:[ \\t]*[:=][ \\t]*|[ \\t]+)',
  Array(4).fill(WORD).join('(?: *[-,;|] *|[ \\t]+)'),
  '(?![0-9a-z-])',
].join('')
const WHOLE_ROW = new RegExp(ROW, 'i')
const ANY_ROW = new RegExp(ROW, 'im')
const SUBLEAF = /\[SL\s*([0-9a-f]{1,8})\]/i

const cpuidRow: LineReader = (line, builder) => {
  const [whole, leaf = '', before, eax, ebx, ecx, edx] = WHOLE_ROW.exec(line) ?? []
  if (whole === undefined) return /^\s*CPUID\s+(?=[0-9a-f]*\d)[0-9a-f]{4,}/i.test(line) ? 'malformed' : false
  const digits = before ?? SUBLEAF.exec(line.slice(whole.length))?.[1]
  const subleaf = digits === undefined ? undefined : fromHex(digits)
  builder.addRow(fromHex(leaf), subleaf, registersFromHex(eax, ebx, ecx, edx))
  return true
}

/** `MSR 0000010A: 0000-0000-0000-006B`, highest word first; one that could not be read is `< FAILED >`. */
const MSR =
  /^\s*MSR\s+(?:0x)?([0-9a-f]{8})h?(?:\s*[:=]\s*|\s+|$)(?:([0-9a-f]{4})[- ]?([0-9a-f]{4})[- ]?([0-9a-f]{4})[- ]?([0-9a-f]{4})(?![0-9a-z-]))?/i

const msrRow: LineReader = (line, builder) => {
  const [whole, index = '', a, b = '', c = '', d = ''] = MSR.exec(line) ?? []
  if (whole === undefined) return /^\s*MSR\s+[0-9a-f]{8}\b/i.test(line) ? 'malformed' : false
  if (a !== undefined) builder.addMsr([fromHex(index), fromHex(c + d), fromHex(a + b)])
  else if (/^[0-9a-f]|^$/i.test(line.slice(whole.length).trim())) return 'malformed'
  return true
}

/** Also the grammar of libcpuid's newer files. */
const AIDA64_LINES: readonly LineReader[] = [cpuidRow, msrRow, heading]

/** libcpuid's raw dumps and test files of older versions. */
export const libcpuid: Dialect = {
  name: 'libcpuid',
  title: 'a raw dump by libcpuid',
  sniff: text => /^[ \t]*(?:basic_cpuid|ext_cpuid)\[\d+\]\s*=/m.test(text),
  read: (text, source) => foundDumps(parseLibcpuid(text, source)),
}

/**
 * The CPUs of a raw dump by libcpuid, or of one of its `.test` files (the expected results after the dump are
 * passed over). Older files name arrays, `basic_cpuid[1]=…`; newer ones are written as AIDA64 writes.
 * @throws ParseError at a line of registers that is not complete
 */
export const parseLibcpuid = (text: string, source = ''): Dump[] =>
  parseLines(text, source, [arrayLine, ...AIDA64_LINES])

/** What the index of an array counts: leaves from this one on, or the subleaves of this one. */
const ARRAYS: ReadonlyMap<string, { readonly leaf: number; readonly counts: 'leaves' | 'subleaves' }> =
  new Map([
    ['basic_cpuid', { leaf: 0, counts: 'leaves' }],
    ['ext_cpuid', { leaf: 0x8000_0000, counts: 'leaves' }],
    ['intel_fn4', { leaf: 4, counts: 'subleaves' }],
    ['intel_fn11', { leaf: 0xb, counts: 'subleaves' }],
    ['intel_fn12h', { leaf: 0x12, counts: 'subleaves' }],
    ['intel_fn14h', { leaf: 0x14, counts: 'subleaves' }],
    ['amd_fn8000001dh', { leaf: 0x8000_001d, counts: 'subleaves' }],
  ])
const ARRAY_ROW = /^\[(\d{1,3})\]\s*=\s*([0-9a-f]{8})\s+([0-9a-f]{8})\s+([0-9a-f]{8})\s+([0-9a-f]{8})\s*$/i

const arrayLine: LineReader = (line, builder) => {
  const name = /^\s*(\w+)(?=\[)/.exec(line)
  const array = ARRAYS.get(name?.[1]?.toLowerCase() ?? '')
  if (name === null || array === undefined) return false
  const [, index, eax, ebx, ecx, edx] = ARRAY_ROW.exec(line.slice(name[0].length)) ?? []
  if (index === undefined) return 'malformed'
  const n = Number(index)
  const [leaf, subleaf] = array.counts === 'leaves' ? [array.leaf + n, 0] : [array.leaf, n]
  builder.addRow(leaf, subleaf, registersFromHex(eax, ebx, ecx, edx))
  return true
}

/** The rows as AIDA64 prints those of one logical CPU, each with its subleaf. */
export function printAida64(data: Cpuid): string {
  const upper = (word: U32, digits = 8) => hex(word, digits).toUpperCase()
  const rows = data.rows().map(([leaf, subleaf, ...words]) => {
    const place = `CPUID ${upper(leaf)}: ${words.map(word => upper(word)).join('-')}`
    return `${place} [SL ${upper(subleaf, 2)}]\n`
  })
  const msrs = data.msrs().map(([index, low, high]) => {
    const digits = `${upper(high)}${upper(low)}`.replace(/(.{4})(?=.)/g, '$1-')
    return `MSR ${upper(index)}: ${digits}\n`
  })
  return `------[ Logical CPU #0 ]------\n${[...rows, ...msrs].join('')}`
}
