import type { Dialect } from '../found.ts'
import { AIDA64_LINES } from './aida64.ts'
import type { Dump } from './dump.ts'
import { foundDumps, type LineReader, parseLines, registersFromHex } from './dump.ts'

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
const ROW = /^\[(\d{1,3})\]\s*=\s*([0-9a-f]{8})\s+([0-9a-f]{8})\s+([0-9a-f]{8})\s+([0-9a-f]{8})\s*$/i

const arrayLine: LineReader = (line, builder) => {
  const name = /^\s*(\w+)(?=\[)/.exec(line)
  const array = ARRAYS.get(name?.[1]?.toLowerCase() ?? '')
  if (name === null || array === undefined) return false
  const [, index, eax, ebx, ecx, edx] = ROW.exec(line.slice(name[0].length)) ?? []
  if (index === undefined) return 'malformed'
  const n = Number(index)
  const [leaf, subleaf] = array.counts === 'leaves' ? [array.leaf + n, 0] : [array.leaf, n]
  builder.addRow(leaf, subleaf, registersFromHex(eax, ebx, ecx, edx))
  return true
}
