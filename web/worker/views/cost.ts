import { count, fewNames } from '../../../src/core/text.ts'
import type { HostCost } from '../../../src/questions/explain/answer.ts'
import { cost, countOf } from '../../../src/questions/explain/cost.ts'
import { describeDearest } from '../../../src/questions/explain/describe-cost.ts'
import { poolName } from '../../../src/questions/words/describe-pool.ts'
import type { CostAnswer, CostRow } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** What each kind of host costs its pool: `explain --cost`. */
export function costView({ view }: Analysis, scope: Scope): CostAnswer {
  const { dearest, pools } = cost(view, scope === null ? undefined : [scope])
  const { host, costs: words } = describeDearest(dearest)
  return {
    title: capital(host, words),
    pools: pools.map(({ pool, hosts, costs }) => ({
      title: `${poolName(pool)}: ${count(hosts, 'host')}`,
      costs: costs.filter(one => countOf(one) > 0).map(rowOf),
      free: costs.filter(one => countOf(one) === 0).reduce((sum, one) => sum + one.hosts.length, 0),
    })),
  }
}

/** A sentence of ours as a title; a name at its beginning stays as it is. */
export const capital = (name: string, words: string): string =>
  name === '' ? words.charAt(0).toUpperCase() + words.slice(1) : name + words

const rowOf = (one: HostCost): CostRow => ({
  who: fewNames(one.hosts),
  hosts: one.hosts.length,
  features: countOf(one),
  worth: one.worth,
  gain: one.gain,
  gains: one.gains,
  step: one.step ? `${one.step.from ?? 'no level'} → ${one.step.to ?? 'no level'}` : '',
})
