import { type Cost, computeCosts } from '../../fleet/cost.ts'
import type { FleetPool } from '../../fleet/groups.ts'
import { groupByClass } from '../../fleet/value.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { CostAnswer, HostCost, PoolCosts } from './answer.ts'
import { CauseDescriber, reasonsOf } from './reasons.ts'

/** What each host, and each set of hosts that are alike, costs its pool. @param labels which pools; absent: all */
export function cost(view: FleetView, labels?: readonly string[]): CostAnswer {
  const teller = new CauseDescriber(view)
  const { valuation, levels } = view
  const pools = view.pools
    .filter(({ label }) => !labels || labels.includes(label))
    .map((pool: FleetPool): PoolCosts => {
      const costs = computeCosts(valuation, levels, pool.groups)
      const hosts = costs.reduce((sum, one) => sum + one.hosts, 0)
      return { pool: pool.label, hosts, costs: costs.map(one => toldCost(one, teller)) }
    })
  return { mostExpensive: mostExpensiveOf(pools), pools }
}

function toldCost({ groups, features, worth, gain, step }: Cost, teller: CauseDescriber): HostCost {
  return {
    hosts: teller.names(groups),
    gains: groupByClass(features).map(({ class: of, features: some }) => ({
      class: of,
      features: reasonsOf(some),
    })),
    worth,
    gain,
    ...(step ? { step: { from: step.from?.name ?? null, to: step.to?.name ?? null } } : {}),
  }
}

/** By gain, then worth, then count of features; of equals the first by pool and host. */
function mostExpensiveOf(pools: readonly PoolCosts[]): CostAnswer['mostExpensive'] {
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
