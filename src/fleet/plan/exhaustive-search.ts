import { type Prices, type SetTable, sumPrices } from './dual.ts'
import { comparePlaces, makeSolution, type Problem, pickBetter, type Solution } from './problem.ts'

/** How far a partition is built: tables before `table` are done, and of it the items of `covered`. */
interface SearchState {
  readonly table: number
  readonly covered: number
  readonly pools: number
  /** What the pools earn beyond the prices. */
  readonly reduced: number
  /** How many hosts the smallest has. */
  readonly smallest: number
}

/** The states that a search has been in, and the best way there. */
class DominanceTable {
  readonly #problem: Problem
  readonly #known = new Map<number, { readonly state: SearchState; readonly pool: Int32Array }>()
  readonly #most: number

  /** @param most pools in any state */
  constructor(problem: Problem, most: number) {
    this.#problem = problem
    this.#most = most
  }

  /**
   * Whether the same items were covered by as many pools before, and no worse: by reducedValues, then by smallest
   * pool and order together. What can come after is the same for both, and keeps their rank. Else this way is
   * the one to beat.
   * @param pool the pool of each item, -1 for none yet
   */
  before(state: SearchState, pool: Int32Array): boolean {
    const key = (state.table * (this.#most + 1) + state.pools) * 2 ** 20 + state.covered
    const known = this.#known.get(key)
    if (known) {
      if (known.state.reduced > state.reduced) return true
      const tie = known.state.reduced === state.reduced && known.state.smallest >= state.smallest
      if (tie && comparePlaces(this.#places(known.pool), this.#places(pool)) <= 0) return true
    }
    this.#known.set(key, { state, pool: pool.slice() })
    return false
  }

  /** The pools of the covered items by name, numbered by appearance; -1 for the others. */
  #places(pools: Int32Array): Int32Array {
    const numbers = new Map<number, number>()
    return this.#problem.byName.map(u => {
      const pool = pools[u] ?? -1
      if (pool < 0) return -1
      const number = numbers.get(pool) ?? numbers.size
      numbers.set(pool, number)
      return number
    })
  }
}

interface ExhaustiveSearch {
  readonly problem: Problem
  /** One for each vendor. */
  readonly tables: readonly SetTable[]
  readonly prices: Prices
  /** The most pools. */
  readonly count: number
  /** Partitions of less value are not looked at. */
  readonly floor: number
  /** No more sets than this are gone through, and no more choices among them tried. */
  readonly sets: number
  readonly choices: number
}

/**
 * The best partition by rank of all that have at least the value `floor`, or that there is none: all are looked
 * at, but for those that the prices rule out. Good prices leave few sets that can be pools of it.
 * @returns undefined where there is too much to look at
 */
export function searchExhaustively(
  search: ExhaustiveSearch,
): { readonly best: Solution | undefined } | undefined {
  const walk = new Walk(search)
  return walk.run() ? { best: walk.best } : undefined
}

/** A set that can be a pool. */
interface CandidatePool {
  readonly set: number
  readonly reduced: number
}

class Walk {
  best: Solution | undefined
  readonly #search: ExhaustiveSearch
  readonly #prices: number
  readonly #reducedValues: ReducedValues
  /** By table and number of the weakest item in it; the largest earning first. */
  #choices: CandidatePool[][][] = []
  readonly #pool: Int32Array
  readonly #reached: DominanceTable
  #tried = 0

  constructor(search: ExhaustiveSearch) {
    const { problem, tables, prices } = search
    this.#search = search
    this.#prices = sumPrices(problem, prices)
    this.#reducedValues = new ReducedValues(problem, tables, prices)
    this.#reached = new DominanceTable(problem, search.count)
    this.#pool = new Int32Array(problem.size).fill(-1)
  }

  /** False: too much to look at. */
  run(): boolean {
    if (!this.#collect()) return false
    this.#follow({ table: 0, covered: 0, pools: 0, reduced: 0, smallest: Number.POSITIVE_INFINITY })
    return this.#tried <= this.#search.choices
  }

  /** What a partition must earn beyond the prices to be looked at. */
  get #need(): number {
    return (this.best?.value ?? this.#search.floor) - this.#prices
  }

  /** Keeps the sets that can be pools, each with the best that others could earn beside it. */
  #collect(): boolean {
    let kept = 0
    for (const [t, table] of this.#search.tables.entries()) {
      const choices: CandidatePool[][] = table.items.map(() => [])
      const least = table.items.map(
        (_, i) => this.#need - this.#reducedValues.beside(t, 1 << i, this.#search.count - 1),
      )
      for (let set = 1; set < table.values.length; set++) {
        const low = 31 - Math.clz32(set & -set)
        const reduced = table.reducedValueOf(set)
        if (reduced < (least[low] ?? 0)) continue
        if (++kept > this.#search.sets) return false
        choices[low]?.push({ set, reduced })
      }
      for (const list of choices) list.sort((a, b) => b.reduced - a.reduced || a.set - b.set)
      this.#choices.push(choices)
    }
    return true
  }

  #follow(state: SearchState): void {
    const table = this.#search.tables[state.table]
    if (!table) {
      this.best = pickBetter(this.best, makeSolution(this.#search.problem, this.#pool))
      return
    }
    const all = 2 ** table.items.length - 1
    if (state.covered === all) {
      this.#follow({ ...state, table: state.table + 1, covered: 0 })
      return
    }
    if (this.#reached.before(state, this.#pool)) return
    const low = 31 - Math.clz32(~state.covered & (state.covered + 1))
    const left = this.#search.count - state.pools - 1
    const rest = this.#reducedValues.beyond(state.table, state.covered | (1 << low), left)
    for (const { set, reduced: own } of this.#choices[state.table]?.[low] ?? []) {
      const reduced = state.reduced + own
      if (reduced + rest < this.#need || ++this.#tried > this.#search.choices) return
      if (set & state.covered) continue
      this.#take(table, set, state, reduced)
    }
  }

  #take(table: SetTable, set: number, state: SearchState, reduced: number): void {
    const { problem } = this.#search
    const items = table.itemsOf(set)
    let hosts = 0
    for (const u of items) {
      this.#pool[u] = state.pools
      hosts += problem.hosts[u] ?? 0
    }
    const smallest = Math.min(state.smallest, hosts)
    this.#follow({
      table: state.table,
      covered: state.covered | set,
      pools: state.pools + 1,
      reduced,
      smallest,
    })
    for (const u of items) this.#pool[u] = -1
  }
}

/** What the best pool of a weakest item reduced: bit `bit` of table `table`. */
interface Entry {
  readonly table: number
  readonly bit: number
  readonly reduced: number
  /** It is the weakest of its vendor, so a pool of its own whatever the partition. */
  readonly forced: boolean
}

/** How much pools can earn beside those already chosen. */
class ReducedValues {
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
