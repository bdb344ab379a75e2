import { FeatureSet } from '../../core/feature-set.ts'
import { bytewise } from '../../core/text.ts'
import { type Level, levelOf } from '../../map/levels.ts'
import { groupHosts } from '../groups.ts'
import type { FleetHost } from '../host.ts'
import { baselineOf, type FleetPool, splitIntoPools } from '../pools.ts'
import { sumWeights, type Valuation } from '../value.ts'

/** What a pool is worth as it stands. */
export interface PoolState {
  readonly pool: FleetPool
  readonly hosts: number
  /** The sum of its hosts' weights. */
  readonly weight: number
  readonly baseline: FeatureSet
  readonly level: Level | undefined
  /** Its weight times the worth of its baseline. */
  readonly value: number
}

/** A pool before and after: undefined where it is not there. */
export interface PoolDelta {
  readonly label: string
  readonly before: PoolState | undefined
  readonly after: PoolState | undefined
  /** What its guests may have more, and what they may no longer have. Of a new or gone pool: nothing. */
  readonly gained: FeatureSet
  readonly lost: FeatureSet
}

/** Every pool of either fleet, bytewise by label, with what became of it. */
export function comparePools(
  valuation: Valuation,
  levels: readonly Level[],
  before: readonly FleetHost[],
  after: readonly FleetHost[],
): PoolDelta[] {
  const [old, young] = [before, after].map(hosts => computeStates(valuation, levels, hosts))
  const labels = [...new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])])].sort(bytewise)
  return labels.map(label => {
    const [was, is] = [old?.get(label), young?.get(label)]
    const both = was !== undefined && is !== undefined
    return {
      label,
      before: was,
      after: is,
      gained: both ? is.baseline.minus(was.baseline) : FeatureSet.empty,
      lost: both ? was.baseline.minus(is.baseline) : FeatureSet.empty,
    }
  })
}

/** Whether anything that is told of a pool is not as it was. */
export const isPoolChanged = ({ before, after, gained, lost }: PoolDelta): boolean =>
  before?.hosts !== after?.hosts ||
  before?.value !== after?.value ||
  before?.weight !== after?.weight ||
  !gained.isEmpty ||
  !lost.isEmpty

/** A pool as it stands. */
function computeState(valuation: Valuation, levels: readonly Level[], pool: FleetPool): PoolState {
  const baseline = baselineOf(pool.groups)
  const weight = sumWeights(pool.groups)
  return {
    pool,
    hosts: pool.groups.reduce((sum, { hosts }) => sum + hosts.length, 0),
    weight,
    baseline,
    level: levelOf(levels, baseline),
    value: weight * valuation.worth(baseline),
  }
}

const computeStates = (
  valuation: Valuation,
  levels: readonly Level[],
  hosts: readonly FleetHost[],
): Map<string, PoolState> =>
  new Map(splitIntoPools(groupHosts(hosts)).map(pool => [pool.label, computeState(valuation, levels, pool)]))
