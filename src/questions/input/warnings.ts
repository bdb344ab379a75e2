import { bit } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Note } from '../words/note.ts'

/** Why an answer from this dump may be poor: what the dump could not see. Empty: nothing found. */
export function doubts(data: Cpuid, source?: string): Note[] {
  const found: Note['kind'][] = []
  const extended = data.word(0x8000_0001, 0, 'edx')
  if (bit(extended, 29) && !bit(extended, 11) && data.word(0, 0, 'ebx') === GENU) found.push('syscall-lost')
  const basic = data.word(1, 0, 'ecx')
  if (bit(basic, 26) && data.has(0xd, 0) && !data.has(0xd, 1)) found.push('no-xsave-subleaf')
  if (bit(basic, 31)) found.push('hypervisor-present')
  const toldByMsrs = data.bit(7, 0, 'edx', 29) || bit(basic, 5)
  if (data.msrs().length === 0 && toldByMsrs) found.push('no-msrs')
  return found.map(kind => ({ kind, ...(source ? { source } : {}) }) as Note)
}

/** `Genu` of GenuineIntel: AMD reports SYSCALL to 32-bit programs too. */
const GENU = 0x756e_6547
