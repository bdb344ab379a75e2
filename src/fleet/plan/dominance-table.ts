import type { Problem } from './problem.ts'
import { byPlaces } from './solution.ts'

/** How far a partition is built: tables before `table` are done, and of it the units of `covered`. */
export interface State {
  readonly table: number
  readonly covered: number
  readonly pools: number
  /** What the pools earn beyond the prices. */
  readonly earned: number
  /** How many hosts the smallest has. */
  readonly smallest: number
}

/** The states that a search has been in, and the best way there. */
export class Reached {
  readonly #problem: Problem
  readonly #known = new Map<number, { readonly state: State; readonly pool: Int32Array }>()
  readonly #most: number

  /** @param most pools in any state */
  constructor(problem: Problem, most: number) {
    this.#problem = problem
    this.#most = most
  }

  /**
   * Whether the same units were covered by as many pools before, and no worse: by earnings, then by smallest
   * pool and order together. What can come after is the same for both, and keeps their rank. Else this way is
   * the one to beat.
   * @param pool the pool of each unit, -1 for none yet
   */
  before(state: State, pool: Int32Array): boolean {
    const key = (state.table * (this.#most + 1) + state.pools) * 2 ** 20 + state.covered
    const known = this.#known.get(key)
    if (known) {
      if (known.state.earned > state.earned) return true
      const tie = known.state.earned === state.earned && known.state.smallest >= state.smallest
      if (tie && byPlaces(this.#places(known.pool), this.#places(pool)) <= 0) return true
    }
    this.#known.set(key, { state, pool: pool.slice() })
    return false
  }

  /** The pools of the covered units by name, numbered by appearance; -1 for the others. */
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
