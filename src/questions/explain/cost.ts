import { type Cost, costsOf } from '../../fleet/cost.ts'
import type { FleetPool } from '../../fleet/pools.ts'
import { byClass } from '../../fleet/value.ts'
import type { WeightClass } from '../../map/weights.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { Reason } from '../words/reason.ts'
import { CauseDescriber, reasonsOf } from './reasons.ts'

/** What a pool would gain without some hosts that have the same features. */
export interface HostCost {
  /** All hosts with these features: one of several costs nothing alone. */
  readonly hosts: readonly string[]
  readonly gains: readonly { readonly class: WeightClass; readonly features: readonly Reason[] }[]
  /** The worth of those features. */
  readonly worth: number
  /** The value that the others gain: their weight times `worth`. */
  readonly gain: number
  /** The levels with and without them, where these differ; null: below the lowest. */
  readonly step?: { readonly from: string | null; readonly to: string | null }
}

interface PoolCosts {
  readonly pool: string
  readonly hosts: number
  /** The dearest first. Hosts that cost nothing come last. */
  readonly costs: readonly HostCost[]
}

export interface CostAnswer {
  /** The single host that costs its pool most; null: none costs anything by itself. */
  readonly dearest: (HostCost & { readonly host: string; readonly pool: string }) | null
  readonly pools: readonly PoolCosts[]
}

/** What each host, and each set of hosts that are alike, costs its pool. @param labels which pools; absent: all */
export function cost(view: FleetView, labels?: readonly string[]): CostAnswer {
  const teller = new CauseDescriber(view)
  const { valuation, levels } = view
  const pools = view.pools
    .filter(({ label }) => !labels || labels.includes(label))
    .map((pool: FleetPool): PoolCosts => {
      const costs = costsOf(valuation, levels, pool.groups)
      const hosts = costs.reduce((sum, one) => sum + one.hosts, 0)
      return { pool: pool.label, hosts, costs: costs.map(one => toldCost(one, teller)) }
    })
  return { dearest: dearestOf(pools), pools }
}

function toldCost({ groups, features, worth, gain, step }: Cost, teller: CauseDescriber): HostCost {
  return {
    hosts: teller.names(groups),
    gains: byClass(features).map(({ class: of, features: some }) => ({
      class: of,
      features: reasonsOf(some),
    })),
    worth,
    gain,
    ...(step ? { step: { from: step.from?.name ?? null, to: step.to?.name ?? null } } : {}),
  }
}

/** By gain, then worth, then count of features; of equals the first by pool and host. */
function dearestOf(pools: readonly PoolCosts[]): CostAnswer['dearest'] {
  const single = pools.flatMap(({ pool, costs }) =>
    costs.flatMap(one => {
      const [host, ...more] = one.hosts
      return host !== undefined && more.length === 0 && one.gains.length > 0 ? [{ ...one, host, pool }] : []
    }),
  )
  single.sort((a, b) => b.gain - a.gain || b.worth - a.worth || countOf(b) - countOf(a))
  return single[0] ?? null
}

/** How many features the others gain. */
export const countOf = ({ gains }: HostCost): number =>
  gains.reduce((sum, { features }) => sum + features.length, 0)
