import {
  computeBound,
  type DualPoint,
  lowerBound,
  type Oracle,
  type Prices,
  SetTable,
  TABLE_ITEMS,
} from './dual.ts'
import { searchExhaustively } from './exhaustive-search.ts'
import { Frontier } from './frontier.ts'
import { searchLocally } from './local-search.ts'
import {
  makeSolution,
  type Problem,
  pickBetter,
  poolsOfItems,
  type Solution,
  type SolveResult,
} from './problem.ts'

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

/**
 * Pools by merging: from one pool a item, the two whose merging loses the least value, again and again.
 * Answers the pool of each item for every count of pools from `most` down to where no two may be merged,
 * each keyed by its count. Under a least size of pools, ones that are too small are merged first.
 */
function mergeDown(problem: Problem, most: number): Map<number, Int32Array> {
  const pools = Array.from({ length: problem.size }, (_, u) => makePool(problem, u))
  const found = new Map<number, Int32Array>()
  for (const pool of pools) pool.best = findBestPartner(problem, pools, pool)
  for (let alive = pools.length; ; alive--) {
    if (alive <= most) found.set(alive, listPools(problem, pools))
    const pool = pickNext(problem, pools)
    const other = pool?.best?.pool
    if (!pool || !other) return found
    absorb(problem, pool, other)
    for (const one of pools) {
      if (!one.dead && (one === pool || one.best?.pool === other || one.best?.pool === pool)) {
        one.best = findBestPartner(problem, pools, one)
      } else if (!one.dead) consider(problem, one, pool)
    }
  }
}

interface MergePool {
  items: number[]
  words: Uint32Array
  weight: number
  hosts: number
  worth: number
  dead: boolean
  /** With which other it merges at the least loss. */
  best: { pool: MergePool; loss: number } | undefined
}

const makePool = (problem: Problem, u: number): MergePool => ({
  items: [u],
  words: problem.of(u).slice(),
  weight: problem.weights[u] ?? 0,
  hosts: problem.hosts[u] ?? 0,
  worth: problem.worths[u] ?? 0,
  dead: false,
  best: undefined,
})

/** The pool to merge next: one of those that are too small, else any; the least loss decides, then the order. */
function pickNext(problem: Problem, pools: readonly MergePool[]): MergePool | undefined {
  const open = pools.filter(pool => !pool.dead && pool.best)
  const small = open.filter(({ hosts }) => hosts < problem.smallest)
  let least: MergePool | undefined
  for (const pool of small.length > 0 ? small : open) {
    if (least === undefined || (pool.best?.loss ?? 0) < (least.best?.loss ?? 0)) least = pool
  }
  return least
}

function findBestPartner(problem: Problem, pools: readonly MergePool[], pool: MergePool): MergePool['best'] {
  pool.best = undefined
  if (!pool.dead) for (const other of pools) consider(problem, pool, other)
  return pool.best
}

function consider(problem: Problem, pool: MergePool, other: MergePool): void {
  if (other === pool || other.dead || !canMerge(problem, pool, other)) return
  const words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  const merged = (pool.weight + other.weight) * problem.worth(words)
  const loss = pool.weight * pool.worth + other.weight * other.worth - merged
  if (!pool.best || loss < pool.best.loss) pool.best = { pool: other, loss }
}

/** Vendors are the same in all of a pool, so its first item speaks for it; pins may be on any of its items. */
function canMerge(problem: Problem, a: MergePool, b: MergePool): boolean {
  const [u = 0, v = 0] = [a.items[0], b.items[0]]
  if (problem.vendors[u] !== problem.vendors[v]) return false
  const pinned = (pool: MergePool) => pool.items.find(item => (problem.pins[item] ?? -1) >= 0)
  const [p, q] = [pinned(a), pinned(b)]
  return p === undefined || q === undefined || problem.together(p, q)
}

function absorb(problem: Problem, pool: MergePool, other: MergePool): void {
  other.dead = true
  pool.items = [...pool.items, ...other.items]
  pool.words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  pool.weight += other.weight
  pool.hosts += other.hosts
  pool.worth = problem.worth(pool.words)
}

function listPools(problem: Problem, pools: readonly MergePool[]): Int32Array {
  const pool = new Int32Array(problem.size)
  pools.forEach(({ dead, items }, label) => {
    if (!dead) for (const u of items) pool[u] = label
  })
  return pool
}
