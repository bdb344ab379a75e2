import type { Prices } from './dual.ts'
import type { Problem } from './problem.ts'
import type { Table } from './table.ts'

/** What the best pool of a weakest unit earns: bit `bit` of table `table`. */
interface Entry {
  readonly table: number
  readonly bit: number
  readonly earns: number
  /** It is the weakest of its vendor, so a pool of its own whatever the partition. */
  readonly forced: boolean
}

/** How much pools can earn beside those already chosen. */
export class Earnings {
  /** The largest first. */
  readonly #entries: readonly Entry[]

  constructor(problem: Problem, tables: readonly Table[], prices: Prices) {
    const entries = tables.flatMap((table, t) =>
      table.earnings(prices).map(({ root, earns }, i): Entry => {
        return { table: t, bit: 1 << i, earns, forced: problem.weakest.has(root) }
      }),
    )
    this.#entries = entries.sort((a, b) => b.earns - a.earns)
  }

  /** The most that `left` pools earn whose weakest unit is not bit `bit` of the table. */
  beside(table: number, bit: number, left: number): number {
    return this.#most(left, entry => !(entry.table === table && entry.bit === bit))
  }

  /** The most that `left` pools earn whose weakest unit is in a later table, or in this one and not covered. */
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
      sum += entry.earns
      free--
    }
    if (free < 0) return Number.NEGATIVE_INFINITY
    for (const entry of this.#entries) {
      if (free === 0 || entry.earns <= 0) break
      if (entry.forced || !may(entry)) continue
      sum += entry.earns
      free--
    }
    return sum
  }
}
