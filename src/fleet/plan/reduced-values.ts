import type { Prices } from './dual.ts'
import type { Problem } from './problem.ts'
import type { SetTable } from './table.ts'

/** What the best pool of a weakest item reduced: bit `bit` of table `table`. */
interface Entry {
  readonly table: number
  readonly bit: number
  readonly reduced: number
  /** It is the weakest of its vendor, so a pool of its own whatever the partition. */
  readonly forced: boolean
}

/** How much pools can earn beside those already chosen. */
export class ReducedValues {
  /** The largest first. */
  readonly #entries: readonly Entry[]

  constructor(problem: Problem, tables: readonly SetTable[], prices: Prices) {
    const entries = tables.flatMap((table, t) =>
      table.reducedValues(prices).map(({ root, reduced }, i): Entry => {
        return { table: t, bit: 1 << i, reduced, forced: problem.weakest.has(root) }
      }),
    )
    this.#entries = entries.sort((a, b) => b.reduced - a.reduced)
  }

  /** The most that `left` pools earn whose weakest item is not bit `bit` of the table. */
  beside(table: number, bit: number, left: number): number {
    return this.#most(left, entry => !(entry.table === table && entry.bit === bit))
  }

  /** The most that `left` pools earn whose weakest item is in a later table, or in this one and not covered. */
  beyond(table: number, covered: number, left: number): number {
    return this.#most(
      left,
      entry => entry.table > table || (entry.table === table && (entry.bit & covered) === 0),
    )
  }

  /** Those that are forced, and the largest of the others that earn anything; -Infinity: `left` is too few. */
  #most(left: number, may: (entry: Entry) => boolean): number {
    let [sum, free] = [0, left]
    for (const entry of this.#entries) {
      if (!entry.forced || !may(entry)) continue
      sum += entry.reduced
      free--
    }
    if (free < 0) return Number.NEGATIVE_INFINITY
    for (const entry of this.#entries) {
      if (free === 0 || entry.reduced <= 0) break
      if (entry.forced || !may(entry)) continue
      sum += entry.reduced
      free--
    }
    return sum
  }
}
