import { Reached, type State } from './dominance-table.ts'
import { type Prices, totalOf } from './dual.ts'
import type { Problem } from './problem.ts'
import { Earnings } from './reduced-values.ts'
import { better, type Solution, solutionOf } from './solution.ts'
import type { Table } from './table.ts'

export interface Search {
  readonly problem: Problem
  /** One for each vendor. */
  readonly tables: readonly Table[]
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
export function complete(search: Search): { readonly best: Solution | undefined } | undefined {
  const walk = new Walk(search)
  return walk.run() ? { best: walk.best } : undefined
}

/** A set that can be a pool. */
interface Choice {
  readonly set: number
  readonly earns: number
}

class Walk {
  best: Solution | undefined
  readonly #search: Search
  readonly #prices: number
  readonly #earnings: Earnings
  /** By table and number of the weakest unit in it; the largest earning first. */
  #choices: Choice[][][] = []
  readonly #pool: Int32Array
  readonly #reached: Reached
  #tried = 0

  constructor(search: Search) {
    const { problem, tables, prices } = search
    this.#search = search
    this.#prices = totalOf(problem, prices)
    this.#earnings = new Earnings(problem, tables, prices)
    this.#reached = new Reached(problem, search.count)
    this.#pool = new Int32Array(problem.size).fill(-1)
  }

  /** False: too much to look at. */
  run(): boolean {
    if (!this.#collect()) return false
    this.#follow({ table: 0, covered: 0, pools: 0, earned: 0, smallest: Number.POSITIVE_INFINITY })
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
      const choices: Choice[][] = table.units.map(() => [])
      const least = table.units.map(
        (_, i) => this.#need - this.#earnings.beside(t, 1 << i, this.#search.count - 1),
      )
      for (let set = 1; set < table.values.length; set++) {
        const low = 31 - Math.clz32(set & -set)
        const earns = table.earns(set)
        if (earns < (least[low] ?? 0)) continue
        if (++kept > this.#search.sets) return false
        choices[low]?.push({ set, earns })
      }
      for (const list of choices) list.sort((a, b) => b.earns - a.earns || a.set - b.set)
      this.#choices.push(choices)
    }
    return true
  }

  #follow(state: State): void {
    const table = this.#search.tables[state.table]
    if (!table) {
      this.best = better(this.best, solutionOf(this.#search.problem, this.#pool))
      return
    }
    const all = 2 ** table.units.length - 1
    if (state.covered === all) {
      this.#follow({ ...state, table: state.table + 1, covered: 0 })
      return
    }
    if (this.#reached.before(state, this.#pool)) return
    const low = 31 - Math.clz32(~state.covered & (state.covered + 1))
    const left = this.#search.count - state.pools - 1
    const rest = this.#earnings.beyond(state.table, state.covered | (1 << low), left)
    for (const { set, earns } of this.#choices[state.table]?.[low] ?? []) {
      const earned = state.earned + earns
      if (earned + rest < this.#need || ++this.#tried > this.#search.choices) return
      if (set & state.covered) continue
      this.#take(table, set, state, earned)
    }
  }

  #take(table: Table, set: number, state: State, earned: number): void {
    const { problem } = this.#search
    const units = table.unitsOf(set)
    let hosts = 0
    for (const u of units) {
      this.#pool[u] = state.pools
      hosts += problem.hosts[u] ?? 0
    }
    const smallest = Math.min(state.smallest, hosts)
    this.#follow({
      table: state.table,
      covered: state.covered | set,
      pools: state.pools + 1,
      earned,
      smallest,
    })
    for (const u of units) this.#pool[u] = -1
  }
}
