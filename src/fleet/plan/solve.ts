import { computeBound, type DualPoint, lowerBound, type Oracle, type Prices } from './dual.ts'
import { searchExhaustively } from './exhaustive-search.ts'
import { Frontier } from './frontier.ts'
import { searchLocally } from './local-search.ts'
import { mergeDown } from './merge.ts'
import type { Problem } from './problem.ts'
import { makeSolution, pickBetter, poolsOfItems, type Solution, type SolveResult } from './solution.ts'
import { SetTable, TABLE_ITEMS } from './table.ts'

/**
 * Partitions into at most 1, 2, … `most` pools.
 * @param exact items of one vendor up to which every partition is looked at; at most `TABLE_UNITS`
 */
export function solve(problem: Problem, most: number, exact = TABLE_ITEMS): SolveResult[] {
  const tables = makeTables(problem, Math.min(exact, TABLE_ITEMS))
  const approach = tables ? new ExactSolver(problem, tables) : new FamilyBounds(problem)
  const merged = mergeDown(problem, most)
  let known: Solution | undefined
  const solved: SolveResult[] = []
  for (let count = 1; count <= most; count++) {
    known = pickBetter(known, searchHeuristically(problem, count, merged, known))
    const one = count <= problem.weakest.size ? poolByVendor(problem, count) : approach.solve(count, known)
    solved.push(one)
    known = one.solution
  }
  return solved
}

/** With no more pools than vendors there is one partition at most: each vendor is a pool. */
function poolByVendor(problem: Problem, count: number): SolveResult {
  const solution = count < problem.weakest.size ? undefined : makeSolution(problem, problem.vendors)
  return { count, solution, bound: solution?.value ?? 0, exhaustive: true }
}

/** A partition that is good as a rule: the better of two starts, each improved. */
function searchHeuristically(
  problem: Problem,
  count: number,
  merged: ReadonlyMap<number, Int32Array>,
  fewer: Solution | undefined,
): Solution | undefined {
  const starts = [merged.get(count), fewer && poolsOfItems(problem, fewer)]
  const found = starts.map(start => {
    if (!start) return undefined
    const labels = numberPools(start)
    return pickBetter(makeSolution(problem, labels), searchLocally(problem, labels, count))
  })
  return found.reduce(pickBetter, undefined)
}

/** Pools numbered from 0. */
function numberPools(pool: Int32Array): Int32Array {
  const numbers = new Map<number, number>()
  return pool.map(label => {
    const number = numbers.get(label) ?? numbers.size
    numbers.set(label, number)
    return number
  })
}

/** A table for each vendor; undefined where one has too many items. */
function makeTables(problem: Problem, exact: number): SetTable[] | undefined {
  const vendors = new Map<number, number[]>()
  problem.vendors.forEach((vendor, u) => {
    const items = vendors.get(vendor)
    if (items) items.push(u)
    else vendors.set(vendor, [u])
  })
  const blocks = [...vendors.values()]
  if (blocks.some(items => items.length > exact)) return undefined
  return blocks.map(items => new SetTable(problem, items))
}

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
class ExactSolver {
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
class FamilyBounds {
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
