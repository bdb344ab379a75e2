import { hex } from '../../core/bits.ts'
import { hostNamesOf } from '../words/describe-pool.ts'
import type { ChangeAnswer } from './answer.ts'

/** What changed about a host, what it was, and what it is, in words. */
export function describeChange(change: ChangeAnswer): { what: string; before: string; now: string } {
  switch (change.field) {
    case 'features': {
      const before = change.lost.length > 0 ? `lost ${hostNamesOf(change.lost, MANY)}` : ''
      const now = change.gained.length > 0 ? `gained ${hostNamesOf(change.gained, MANY)}` : ''
      return { what: 'features', before, now }
    }
    case 'vulnerability':
      return { what: change.name, before: change.from ?? UNKNOWN, now: change.to ?? UNKNOWN }
    default: {
      const { field, from, to } = change
      return { what: FIELDS[field], before: shown(field, from), now: shown(field, to) }
    }
  }
}

/** The same in a line. */
export function describeChangeInLine(change: ChangeAnswer): string {
  const { what, before, now } = describeChange(change)
  return change.field === 'features'
    ? [before, now].filter(Boolean).join(', ')
    : `${what} was ${before}, is ${now}`
}

const MANY = 20
const UNKNOWN = 'not known'

const FIELDS = {
  model: 'model',
  vendor: 'vendor',
  signature: 'signature',
  microcode: 'microcode',
  physBits: 'address bits',
  tscHz: 'TSC Hz',
} as const

function shown(field: keyof typeof FIELDS, value: string | number | null): string {
  if (value === null) return UNKNOWN
  return field === 'microcode' && typeof value === 'number' ? `0x${hex(value, 1)}` : String(value)
}
