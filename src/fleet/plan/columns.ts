import type { Valuation } from '../value.ts'
import type { Unit } from './items.ts'

/** A word in which units differ, and the bits of it that are worth the same. */
export interface Column {
  readonly word: number
  readonly mask: number
  readonly weight: number
}

/** A column for every word and weight in which units differ. */
export function columnsOf({ masks }: Valuation, units: readonly Unit[]): Column[] {
  const [first, ...rest] = units
  if (!first) return []
  const all = rest.reduce((set, { worthy }) => set.meet(worthy), first.worthy)
  const some = rest.reduce((set, { worthy }) => set.join(worthy), first.worthy).minus(all)
  return masks.flatMap(({ weight, words }) =>
    Array.from(words, (bits, word) => ({
      word,
      weight,
      mask: (bits & (some.words[word] ?? 0)) >>> 0,
    })).filter(({ mask }) => mask !== 0),
  )
}
