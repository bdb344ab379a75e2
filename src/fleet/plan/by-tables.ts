import { type DualPoint, lowerBound, type Oracle, type Prices } from './dual.ts'
import { searchExhaustively } from './exhaustive-search.ts'
import type { Problem } from './problem.ts'
import type { Solution, SolveResult } from './solution.ts'
import type { SetTable } from './table.ts'

/**
 * How many times the prices are moved before a search of at most so many sets and choices; then again, where it
 * was too much: moving prices is dear, a search with poor ones dearer.
 */
const EFFORTS: readonly Effort[] = [
  { steps: 12, sets: 5_000, choices: 100_000 },
  { steps: 12, sets: 15_000, choices: 300_000 },
  { steps: 24, sets: 40_000, choices: 1_000_000 },
  { steps: 80, sets: 400_000, choices: 5_000_000 },
]

interface Effort {
  readonly steps: number
  readonly sets: number
  readonly choices: number
}

/** Solves exactly by tables of all sets: good prices first, then a search of the few sets they leave. */
export class ExactSolver {
  readonly #problem: Problem
  readonly #tables: readonly SetTable[]
  #prices: Prices

  constructor(problem: Problem, tables: readonly SetTable[]) {
    this.#problem = problem
    this.#tables = tables
    this.#prices = problem.worths.slice()
  }

  /** @param known a partition into at most `count` pools; undefined: none is known */
  solve(count: number, known: Solution | undefined): SolveResult {
    const oracle: Oracle = prices => this.#tables.flatMap(table => table.reducedValues(prices))
    const value = known?.value ?? 0
    let most = Number.POSITIVE_INFINITY
    for (const effort of EFFORTS) {
      const descent = lowerBound(this.#problem, oracle, this.#prices, count, value, effort.steps)
      this.#prices = descent.prices
      most = Math.min(most, descent.most)
      const found = known ? this.#search(count, descent, value, effort) : this.#widen(count, descent, effort)
      if (found) return found
    }
    return { count, solution: known, bound: Math.max(value, Math.floor(most)), exhaustive: false }
  }

  /** Looks at ever worse partitions, until there is one or all have been looked at. */
  #widen(count: number, descent: DualPoint, effort: Effort): SolveResult | undefined {
    for (let slack = Math.max(1, descent.most / 64); ; slack *= 4) {
      const floor = Math.max(0, descent.most - slack)
      const found = this.#search(count, descent, floor, effort)
      if (!found || found.solution || floor === 0) return found
    }
  }

  /** The best partition of at least the value `floor`; undefined where there is too much to look at. */
  #search(count: number, { prices }: DualPoint, floor: number, effort: Effort): SolveResult | undefined {
    const found = searchExhaustively({
      problem: this.#problem,
      tables: this.#tables,
      prices,
      count,
      floor,
      ...effort,
    })
    return found && { count, solution: found.best, bound: found.best?.value ?? 0, exhaustive: true }
  }
}
