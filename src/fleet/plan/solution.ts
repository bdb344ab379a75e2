import type { Problem } from './problem.ts'

/** A partition of a problem's items, and what decides between two. */
export interface Solution {
  readonly value: number
  /** How many pools. */
  readonly pools: number
  /** The number of hosts of the smallest. */
  readonly smallest: number
  /** The pool of each item, items by name; pools are numbered from 0 in order of appearance. */
  readonly places: Int32Array
}

/** The solution in which item `u` is in pool `pool[u]`; undefined where a constraint is not kept. */
export function makeSolution(problem: Problem, pool: ArrayLike<number>): Solution | undefined {
  const made: PoolDraft[] = []
  const byNumber = new Map<number, number>()
  const places = new Int32Array(problem.size)
  for (let i = 0; i < problem.size; i++) {
    const u = problem.byName[i] ?? 0
    const number = pool[u] ?? -1
    let place = byNumber.get(number)
    if (place === undefined) {
      place = made.length
      byNumber.set(number, place)
      made.push({ words: problem.everything.slice(), weight: 0, hosts: 0, items: [] })
    }
    places[i] = place
    if (!addItem(problem, made[place], u)) return undefined
  }
  if (made.some(({ hosts }) => hosts < problem.smallest)) return undefined
  const value = made.reduce((sum, { words, weight }) => sum + weight * problem.worth(words), 0)
  return { value, pools: made.length, smallest: Math.min(...made.map(({ hosts }) => hosts)), places }
}

/** The pool of each item by the problem's numbers. */
export function poolsOfItems(problem: Problem, { places }: Solution): Int32Array {
  const pool = new Int32Array(problem.size)
  places.forEach((place, i) => {
    pool[problem.byName[i] ?? 0] = place
  })
  return pool
}

/**
 * Below 0 where `a` is the better: the greater value, then the fewer pools, then the larger smallest pool, then
 * the partition that puts the first item by name, of those in which they differ, with the earlier pool.
 */
function compareRank(a: Solution, b: Solution): number {
  return (
    b.value - a.value || a.pools - b.pools || b.smallest - a.smallest || comparePlaces(a.places, b.places)
  )
}

/** The better of the two; undefined is worse than any. */
export const pickBetter = (a: Solution | undefined, b: Solution | undefined): Solution | undefined =>
  a && b ? (compareRank(a, b) <= 0 ? a : b) : (a ?? b)

export function comparePlaces(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

interface PoolDraft {
  readonly words: Uint32Array
  weight: number
  hosts: number
  readonly items: number[]
}

function addItem(problem: Problem, made: PoolDraft | undefined, u: number): boolean {
  if (!made?.items.every(v => problem.together(u, v))) return false
  problem.meetInto(made.words, u)
  made.weight += problem.weights[u] ?? 0
  made.hosts += problem.hosts[u] ?? 0
  made.items.push(u)
  return true
}

/** The best partition found into at most `count` pools, and how good any other can be. */
export interface SolveResult {
  readonly count: number
  /** Undefined: none was found that keeps the constraints. */
  readonly solution: Solution | undefined
  /** No partition into at most so many pools has more value. */
  readonly bound: number
  /** Every partition was looked at or ruled out: none has a better rank, and without a solution there is none. */
  readonly exhaustive: boolean
}
