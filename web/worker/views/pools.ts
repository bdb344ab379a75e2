import { count } from '../../../src/core/text.ts'
import { planned, poolsAnswer, toldPools } from '../../../src/questions/pools/compute.ts'
import { describeCurrentPools, describeEnough } from '../../../src/questions/pools/describe.ts'
import { planOptions } from '../../../src/questions/pools/plan-options.ts'
import type { PlanAnswer, PoolCard, PoolsAnswer } from '../../shared/answers.ts'
import type { Analysis } from '../analysis.ts'
import { capital } from './cost.ts'
import { sum } from './fleet.ts'

/** The pools as they are. */
export function poolsView(analysis: Analysis): PoolsAnswer {
  const { view } = analysis
  const cards = toldPools(view).map(({ hosts, ...told }, i): PoolCard => {
    const { label = '', groups = [] } = view.pools[i] ?? {}
    const parts = groups.map(group => ({ id: analysis.id(group), hosts: group.hosts.length }))
    return { ...told, label, hosts: hosts.length, groups: parts }
  })
  const value = cards.reduce((total, card) => total + card.value, 0)
  return { title: `${count(cards.length, 'pool')} of ${count(sum(view.groups), 'host')}`, cards, value }
}

/** The best pools there can be, for each count, and the groups of each. */
export function planView(analysis: Analysis): PlanAnswer {
  const { view } = analysis
  const plan = planned(view, planOptions(view))
  const answer = poolsAnswer(view, plan)
  const said = [describeEnough(answer) ?? answer.curve[0]?.impossible, describeCurrentPools(answer)]
  return {
    title: capital('', said.filter(Boolean).join('; ')),
    curve: answer.curve.map((point, i) => ({
      ...point,
      groups: (plan.curve[i]?.pools ?? []).map(({ groups }) => groups.map(group => analysis.id(group))),
    })),
    enough: answer.enough,
  }
}
