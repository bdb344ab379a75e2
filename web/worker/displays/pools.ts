import { count } from '../../../src/core/text.ts'
import { countHosts } from '../../../src/fleet/groups.ts'
import { planned, poolsAnswer, toldPools } from '../../../src/questions/pools/compute.ts'
import { planOptions } from '../../../src/questions/pools/question.ts'
import { describeCurrentPools, describeSplit } from '../../../src/questions/pools/report.ts'
import type { PlanDisplay, PoolCard, PoolsDisplay } from '../../shared/displays.ts'
import type { Analysis } from '../analysis.ts'
import { capitalize } from './words.ts'

/** The current pools. */
export function displayPools(analysis: Analysis, locked: ReadonlySet<string>): PoolsDisplay {
  const { view } = analysis
  const cards = toldPools(view).map(({ groups, hostCount, cpu: _, ...pool }, i): PoolCard => {
    const { label = '' } = view.pools[i] ?? {}
    const parts = groups.map(group => ({
      id: analysis.id(group),
      hosts: group.hosts.length,
      title: analysis.title(group),
    }))
    return { ...pool, label, hosts: hostCount, groups: parts, isLocked: locked.has(label) }
  })
  const value = cards.reduce((total, card) => total + card.value, 0)
  return {
    title: `${count(cards.length, 'pool')} of ${count(countHosts(view.groups), 'host')}`,
    cards,
    value,
    smallest: view.fleet.constraints.smallest ?? 1,
  }
}

/** The best pools of each count, and their groups. */
export function displayPlan(analysis: Analysis): PlanDisplay {
  const { view } = analysis
  const plan = planned(view, planOptions(view))
  const answer = poolsAnswer(view, plan)
  return {
    title: capitalize('', describeSplit(answer) ?? answer.curve[0]?.impossible ?? ''),
    now: capitalize('', describeCurrentPools(answer) ?? ''),
    curve: answer.curve.map((point, i) => ({
      ...point,
      pools: (plan.curve[i]?.pools ?? []).map(({ groups, pin }) => ({
        pin,
        parts: groups.flatMap(group =>
          [...new Set(group.hosts.map(({ pool = '' }) => pool))].map(from => ({
            group: analysis.id(group),
            from,
          })),
        ),
      })),
    })),
    enough: answer.enough,
  }
}
