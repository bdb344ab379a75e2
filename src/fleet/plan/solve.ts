import { ByFamilies } from './by-families.ts'
import { ByTables } from './by-tables.ts'
import { improve } from './local-search.ts'
import { mergeDown } from './merge.ts'
import type { Problem } from './problem.ts'
import type { Solved } from './solution.ts'
import { better, poolOfEach, type Solution, solutionOf } from './solution.ts'
import { TABLE_UNITS, Table } from './table.ts'

/**
 * Partitions into at most 1, 2, … `most` pools.
 * @param exact units of one vendor up to which every partition is looked at; at most `TABLE_UNITS`
 */
export function solve(problem: Problem, most: number, exact = TABLE_UNITS): Solved[] {
  const tables = tablesOf(problem, Math.min(exact, TABLE_UNITS))
  const approach = tables ? new ByTables(problem, tables) : new ByFamilies(problem)
  const merged = mergeDown(problem, most)
  let known: Solution | undefined
  const solved: Solved[] = []
  for (let count = 1; count <= most; count++) {
    known = better(known, heuristic(problem, count, merged, known))
    const one = count <= problem.weakest.size ? byVendor(problem, count) : approach.solve(count, known)
    solved.push(one)
    known = one.solution
  }
  return solved
}

/** With no more pools than vendors there is one partition at most: each vendor is a pool. */
function byVendor(problem: Problem, count: number): Solved {
  const solution = count < problem.weakest.size ? undefined : solutionOf(problem, problem.vendors)
  return { count, solution, bound: solution?.value ?? 0, complete: true }
}

/** A partition that is good as a rule: the better of two starts, each improved. */
function heuristic(
  problem: Problem,
  count: number,
  merged: ReadonlyMap<number, Int32Array>,
  fewer: Solution | undefined,
): Solution | undefined {
  const starts = [merged.get(count), fewer && poolOfEach(problem, fewer)]
  const found = starts.map(start => {
    if (!start) return undefined
    const labels = numbered(start)
    return better(solutionOf(problem, labels), improve(problem, labels, count))
  })
  return found.reduce(better, undefined)
}

/** Pools numbered from 0. */
function numbered(pool: Int32Array): Int32Array {
  const numbers = new Map<number, number>()
  return pool.map(label => {
    const number = numbers.get(label) ?? numbers.size
    numbers.set(label, number)
    return number
  })
}

/** A table for each vendor; undefined where one has too many units. */
function tablesOf(problem: Problem, exact: number): Table[] | undefined {
  const vendors = new Map<number, number[]>()
  problem.vendors.forEach((vendor, u) => {
    const units = vendors.get(vendor)
    if (units) units.push(u)
    else vendors.set(vendor, [u])
  })
  const blocks = [...vendors.values()]
  if (blocks.some(units => units.length > exact)) return undefined
  return blocks.map(units => new Table(problem, units))
}
