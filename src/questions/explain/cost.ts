import { bytewise } from '../../core/text.ts'
import { Losses } from '../../fleet/causes/lost.ts'
import { isOnRequest } from '../../fleet/causes/withheld.ts'
import { type Cost, computeCosts, computeJointCosts } from '../../fleet/cost.ts'
import { baselineOf, type FleetPool } from '../../fleet/groups.ts'
import { findOnRequest } from '../../fleet/offered.ts'
import { groupByClass, sumWeights } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { poolCpuOf } from '../pools/choice.ts'
import type { CostAnswer, Fix, HostCost, LossAnswer, PoolCosts, SharedCause } from './answer.ts'
import { CauseDescriber, reasonsOf } from './reasons.ts'

/** What each host, and each set of hosts that are alike, costs its pool. @param labels which pools; absent: all */
export function cost(view: FleetView, labels?: readonly string[]): CostAnswer {
  const teller = new CauseDescriber(view)
  const { context, causes, finder, valuation, levels } = view
  const losses = new Losses(context.db.features, causes, finder, view.groups)
  const pools = view.pools
    .filter(({ label }) => !labels || labels.includes(label))
    .map(({ label, groups }: FleetPool): PoolCosts => {
      const costs = computeCosts(valuation, levels, groups)
      const cpu = poolCpuOf(view, groups)
      const onRequest = findOnRequest(context.db.features, groups).minus(cpu.features)
      const lost = losses.find(groups, cpu.features, cpu.unknown.join(onRequest))
      return {
        pool: label,
        hosts: costs.reduce((sum, one) => sum + one.hosts, 0),
        level: levelOf(levels, baselineOf(groups))?.name ?? null,
        costs: costs.map(one => toldCost(one, teller)),
        fixes: findFixes(
          view,
          lost.map(loss => teller.loss(loss)),
          sumWeights(groups),
        ),
        together: computeJointCosts(valuation, levels, groups).map(step => ({
          hosts: teller.names(step.groups),
          gains: reasonsOf(step.features),
          gain: step.gain,
          level: step.level?.name ?? null,
        })),
      }
    })
  return { mostExpensive: mostExpensiveOf(pools), pools }
}

/** What can be done about features that are lost for one reason, what gains most first. @param weight of the pool */
export function findFixes(
  { valuation, db, context }: FleetView,
  lost: readonly LossAnswer[],
  weight: number,
): Fix[] {
  const fixes = new Map<string, Fix>()
  for (const { because, feature, place, title } of lost) {
    const known = db.features.get(feature)
    const gain = known && !isOnRequest(context.cpus, known) ? valuation.worthOf(known) * weight : 0
    const [only, ...more] = because
    if (gain === 0 || !only || more.length > 0 || !isFixable(only)) continue
    const key = keyOfFix(only)
    const before = fixes.get(key) ?? { ...only, gains: [], gain: 0 }
    const { cause, confidence, hosts } = only
    fixes.set(key, {
      cause,
      confidence,
      remedy: laterRemedy(before.remedy, only.remedy),
      hosts,
      gains: [...before.gains, { feature, place, title }],
      gain: before.gain + gain,
    })
  }
  return [...fixes.values()].sort((a, b) => b.gain - a.gain || bytewise(a.remedy, b.remedy))
}

/** Whether somebody can do something about it where the host is. */
export const isFixable = ({ cause, remedy }: Pick<SharedCause, 'cause' | 'remedy'>): boolean =>
  ['microcode', 'firmware', 'kernel', 'hypervisor'].includes(cause) && isRemedy(remedy)

/** Whether it says what brings a feature back, and not that nothing does, or how to do without. */
export const isRemedy = (remedy: string): boolean =>
  !/^(?:$|no known remedy|nothing to do|do without|leave it out|keep guests)/.test(remedy)

/** What one thing to do remedies: of updates of the microcode that are due on the same hosts, the latest has all. */
const keyOfFix = ({ cause, remedy, hosts }: Pick<SharedCause, 'cause' | 'remedy' | 'hosts'>): string =>
  [cause === 'microcode' ? cause : remedy, ...hosts].join('\n')

/** The remedy of both: the later date, without what it was for. */
const laterRemedy = (a: string, b: string): string =>
  a === b ? a : (bytewise(a, b) > 0 ? a : b).replace(/: .*/, '')

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
