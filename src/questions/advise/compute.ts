import { count } from '../../core/text.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolsOptions } from '../pools/compute.ts'
import { percent } from '../words/figure.ts'
import type { Advice } from './answer.ts'
import { common, generic, inGroups, passthrough, type Valued } from './strategies.ts'

/** A further pool must gain so much to be worth its trouble. */
const WORTHWHILE = 0.05

/** The four named strategies on this fleet, and which one to take. */
export function advise(view: FleetView, options: PoolsOptions): Advice {
  const { groups, valuation } = view
  const all = groups.reduce((sum, { weight, features }) => sum + weight * valuation.worth(features), 0)
  const [through, plain, grouped, one] = [
    passthrough(view),
    generic(view),
    inGroups(view, options),
    common(view),
  ]
  const strategies = [through.strategy, plain, grouped, one].map(strategy => ({
    ...strategy,
    share: all === 0 ? 1 : strategy.value / all,
  }))
  const { take, why } = choice(view, through.whole, grouped, one)
  return { take, why, strategies }
}

function choice(
  { groups, fleet }: FleetView,
  identical: boolean,
  grouped: Valued,
  one: Valued,
): Pick<Advice, 'take' | 'why'> {
  const vendors = new Set(groups.map(({ vendor }) => vendor))
  if (identical) {
    return {
      take: 'passthrough',
      why: 'all hosts of each pool are identical down to microcode, kernel and hypervisor: guests get everything and move',
    }
  }
  if (vendors.size > 1 && fleet.constraints.vendors === 'together') {
    return {
      take: 'generic',
      why: 'guests are to move between vendors, and only a model of no vendor is meant for that',
    }
  }
  const gain = one.value === 0 ? 0 : grouped.value / one.value - 1
  if (grouped.pools > one.pools && gain >= WORTHWHILE) {
    return {
      take: 'groups',
      why: `${count(grouped.pools, 'pool')} give guests ${percent(gain)} more than ${count(one.pools, 'baseline')}; see \`virt-cpu pools\``,
    }
  }
  return {
    take: 'common',
    why: `more pools gain ${percent(gain)}, which is not worth their trouble: every guest can then go to every host${vendors.size > 1 ? ' of its vendor' : ''}`,
  }
}
