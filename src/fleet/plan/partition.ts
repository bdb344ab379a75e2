import type { FeatureSet } from '../../core/feature-set.ts'
import { bytewise } from '../../core/text.ts'
import { type Level, levelOf } from '../../map/levels.ts'
import { baselineOf, countHosts, type Group, vendorsOf } from '../groups.ts'
import { sumWeights, type Valuation } from '../value.ts'
import type { Constraints } from './items.ts'
import { type Item, type LeftOut, makeItems } from './items.ts'
import { Problem, type Solution, type SolveResult } from './problem.ts'
import { solve } from './solve.ts'

export type { Constraints }

/** A pool as it is proposed. */
export interface PlannedPool {
  /** Bytewise by name; never empty. A group that pins part is in several pools, each with its hosts. */
  readonly groups: readonly Group[]
  readonly baseline: FeatureSet
  /** The x86-64 level its guests reach. */
  readonly level: Level | undefined
  readonly hosts: number
  /** The sum of its hosts' weights. */
  readonly weight: number
  /** `weight` times the worth of `baseline`. */
  readonly value: number
  /** The vendors of its hosts, bytewise; more than one only where that was asked for. */
  readonly vendors: readonly string[]
  /** The label that its hosts are pinned to. */
  readonly pin: string | undefined
}

/** The best partition into at most `count` pools, a point of the trade curve. */
export interface Partition {
  readonly count: number
  /** In the order of their first hosts' names; fewer than `count` where more gain nothing; empty: impossible. */
  readonly pools: readonly PlannedPool[]
  readonly value: number
  /** No partition into at most `count` pools has more value. */
  readonly bound: number
  /** `(bound - value) / bound`: how much of the best value may be missing; 0: nothing is. */
  readonly gap: number
  /** Every other was ruled out, ties too. Where this is false and the gap is 0, only a tie may be better. */
  readonly exact: boolean
  readonly impossible: Impossible | undefined
}

export interface Plan {
  /** For at most 1, 2, … pools. */
  readonly curve: readonly Partition[]
  /** The count after which one more pool gains less than 5 %; undefined: none is possible. */
  readonly enough: number | undefined
  /** Hosts that lack what every pool must have: in no pool. */
  readonly leftOut: readonly LeftOut[]
}

export interface PlanOptions {
  readonly constraints?: Constraints | undefined
  /** Distinct CPUs of one vendor up to which every partition is looked at; absent: 20, which is the most. */
  readonly exact?: number | undefined
}

/** A further pool that gains less is not worth its trouble. */
const ENOUGH = 0.05

/** The best partitions of the groups' hosts into at most 1, 2, … `most` pools. */
export function planPools(
  valuation: Valuation,
  levels: readonly Level[],
  groups: readonly Group[],
  most: number,
  { constraints = {}, exact }: PlanOptions = {},
): Plan {
  const { items, leftOut } = makeItems(valuation, groups, constraints)
  const smallest = Math.max(1, constraints.smallest ?? 1)
  const problem = new Problem(valuation, items, smallest)
  const solved = items.length === 0 ? [] : solve(problem, Math.min(most, items.length), exact)
  const curve = Array.from({ length: items.length === 0 ? 0 : most }, (_, i): Partition => {
    const impossible = findImpossible(items, i + 1, smallest)
    // More pools than items gain nothing.
    const one = solved[Math.min(i, solved.length - 1)]
    if (!one?.solution || impossible)
      return makeImpossible(i + 1, impossible ?? { because: 'none-found' }, one)
    return makePartition(valuation, levels, problem, { ...one, count: i + 1 }, one.solution)
  })
  return { curve, enough: findEnough(curve), leftOut }
}

const makeImpossible = (
  count: number,
  impossible: Impossible,
  solved: SolveResult | undefined,
): Partition => ({
  count,
  pools: [],
  value: 0,
  bound: 0,
  gap: 0,
  exact: impossible.because !== 'none-found' || (solved?.exhaustive ?? true),
  impossible,
})

function makePartition(
  valuation: Valuation,
  levels: readonly Level[],
  problem: Problem,
  { count, bound, exhaustive }: SolveResult,
  solution: Solution,
): Partition {
  const pools: Item[][] = Array.from({ length: solution.pools }, () => [])
  solution.places.forEach((place, i) => {
    const item = problem.items[problem.byName[i] ?? 0]
    if (item) pools[place]?.push(item)
  })
  return {
    count,
    pools: pools.map(items => makePlannedPool(valuation, levels, items)),
    value: solution.value,
    bound,
    gap: bound > 0 ? (bound - solution.value) / bound : 0,
    exact: exhaustive,
    impossible: undefined,
  }
}

function makePlannedPool(
  valuation: Valuation,
  levels: readonly Level[],
  items: readonly Item[],
): PlannedPool {
  const groups = items.flatMap(item => item.groups).sort((a, b) => bytewise(a.name, b.name))
  const baseline = baselineOf(groups)
  const weight = sumWeights(groups)
  return {
    groups,
    baseline,
    level: levelOf(levels, baseline),
    hosts: countHosts(groups),
    weight,
    value: weight * valuation.worth(baseline),
    vendors: vendorsOf(groups),
    pin: items.find(({ pin }) => pin !== undefined)?.pin,
  }
}

function findEnough(curve: readonly Partition[]): number | undefined {
  const possible = curve.filter(({ impossible }) => !impossible)
  return possible.find(({ value }, i) => (possible[i + 1]?.value ?? value) < value * (1 + ENOUGH))?.count
}

/** Why hosts cannot be parted into so few pools under the constraints. */
export type Impossible =
  /** Vendors never share a pool, and there are more of them than pools. */
  | { readonly because: 'vendors'; readonly vendors: readonly string[] }
  /** More pools are named by pins than there may be. */
  | { readonly because: 'pins'; readonly pins: readonly string[] }
  /** One pin holds hosts of vendors that never share a pool. */
  | { readonly because: 'pin-across-vendors'; readonly pin: string; readonly vendors: readonly string[] }
  /** All hosts that may share a pool are fewer than one must have. */
  | {
      readonly because: 'too-few-hosts'
      readonly vendor: string
      readonly hosts: number
      readonly smallest: number
    }
  /** None of the above, and yet none was found: too many constraints at once. */
  | { readonly because: 'none-found' }

/** What is plain without a search. An empty vendor means: hosts that name none, or any where vendors may mix. */
function findImpossible(items: readonly Item[], count: number, smallest: number): Impossible | undefined {
  const vendors = [...new Set(items.map(({ vendor }) => vendor))]
  for (const pin of new Set(items.map(item => item.pin))) {
    const held = items.filter(item => pin !== undefined && item.pin === pin).map(({ vendor }) => vendor)
    if (pin !== undefined && held.length > 1) return { because: 'pin-across-vendors', pin, vendors: held }
  }
  for (const vendor of vendors) {
    const hosts = items.reduce((sum, item) => sum + (item.vendor === vendor ? item.hosts : 0), 0)
    if (hosts < smallest) return { because: 'too-few-hosts', vendor, hosts, smallest }
  }
  if (vendors.length > count) return { because: 'vendors', vendors }
  const pins = [...new Set(items.flatMap(({ pin }) => pin ?? []))]
  return pins.length > count ? { because: 'pins', pins } : undefined
}
