import { FamilyBounds } from './by-families.ts'
import { ExactSolver } from './by-tables.ts'
import { searchLocally } from './local-search.ts'
import { mergeDown } from './merge.ts'
import type { Problem } from './problem.ts'
import type { SolveResult } from './solution.ts'
import { makeSolution, pickBetter, poolsOfItems, type Solution } from './solution.ts'
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
