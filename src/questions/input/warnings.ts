import { bit, type U32 } from '../../core/bits.ts'
import type { CpuidData } from '../../core/cpuid-data.ts'
import type { Register } from '../../core/place.ts'
import type { Note } from '../words/note.ts'

/** Why an answer from this dump may be poor: what the dump could not see. Empty: nothing found. */
export function doubts(data: CpuidData, source?: string): Note[] {
  const has = (leaf: number, subleaf: number) => data.leaves.some(r => r[0] === leaf && r[1] === subleaf)
  const word = (leaf: number, register: Register) => wordOf(data, leaf, register)
  const found: Note['kind'][] = []
  const extended = word(0x8000_0001, 'edx')
  if (bit(extended, 29) && !bit(extended, 11) && word(0, 'ebx') === GENU) found.push('syscall-lost')
  const basic = word(1, 'ecx')
  if (bit(basic, 26) && has(0xd, 0) && !has(0xd, 1)) found.push('no-xsave-subleaf')
  if (bit(basic, 31)) found.push('hypervisor-present')
  const toldByMsrs = bit(word(7, 'edx'), 29) || bit(basic, 5)
  if (data.msrs.length === 0 && toldByMsrs) found.push('no-msrs')
  return found.map(kind => ({ kind, ...(source ? { source } : {}) }) as Note)
}

/** `Genu` of GenuineIntel: AMD reports SYSCALL to 32-bit programs too. */
const GENU = 0x756e_6547

const COLUMN = { eax: 2, ebx: 3, ecx: 4, edx: 5 } as const

/** A register of subleaf 0; rows with one key are ORed. */
function wordOf({ leaves }: CpuidData, leaf: U32, register: Register): U32 {
  let word = 0
  for (const row of leaves) if (row[0] === leaf && row[1] === 0) word |= row[COLUMN[register]]
  return word >>> 0
}
