import { computeBound, lowerBound, type Oracle, type Prices } from './dual.ts'
import { Frontier } from './frontier.ts'
import type { Problem } from './problem.ts'
import type { Solution, SolveResult } from './solution.ts'

/** How often the prices are moved at first, and after each round of refinements. */
const STEPS = 80
const STEPS_AFTER = 10
/** How many rounds there are, and how often the families that count are refined in each. */
const ROUNDS = 50
const REFINEMENTS = 2
/** Every so many rounds it is seen whether they lowered the bound by this part of it; if not, there are no more. */
const CHECKED = 8
const WORTHWHILE = 0.001
/** No more families than this: bounds time and memory. */
const MOST_FAMILIES = 5_000

/** Proves how good a partition is by families of pools: for as many items as there may be. */
export class FamilyBounds {
  readonly #problem: Problem
  readonly #frontier: Frontier
  #prices: Prices

  constructor(problem: Problem) {
    this.#problem = problem
    this.#frontier = new Frontier(problem)
    this.#prices = problem.worths.slice()
  }

  /** @param known a partition into at most `count` pools; undefined: none is known */
  solve(count: number, known: Solution | undefined): SolveResult {
    const value = known?.value ?? 0
    const oracle: Oracle = prices => this.#frontier.reducedValues(prices)
    let best = lowerBound(this.#problem, oracle, this.#prices, count, value, STEPS)
    let mark = best.most
    for (let round = 1; round <= ROUNDS && Math.floor(best.most) > value; round++) {
      if (this.#frontier.size >= MOST_FAMILIES) break
      if (!this.#refine(oracle, best.prices, count)) break
      const next = lowerBound(this.#problem, oracle, best.prices, count, value, STEPS_AFTER)
      if (next.most <= best.most) best = next
      if (round % CHECKED !== 0) continue
      if (mark - best.most < WORTHWHILE * mark) break
      mark = best.most
    }
    this.#prices = best.prices
    return { count, solution: known, bound: Math.max(value, Math.floor(best.most)), exhaustive: false }
  }

  /** Makes the families that set the bound finer; false: none can be. */
  #refine(oracle: Oracle, prices: Prices, count: number): boolean {
    let finer = false
    for (let i = 0; i < REFINEMENTS; i++) {
      const { open } = computeBound(this.#problem, oracle(prices), prices, count)
      if (
        !this.#frontier.refine(
          open.map(({ root }) => root),
          prices,
        )
      )
        break
      finer = true
    }
    return finer
  }
}
