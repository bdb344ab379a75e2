import { count, fewNames } from '../../../src/core/text.ts'
import type { HostCost } from '../../../src/questions/explain/answer.ts'
import { countOf, describeMostExpensive } from '../../../src/questions/explain/cost-report.ts'
import { poolName } from '../../../src/questions/words/cells.ts'
import type { CostDisplay, CostRow } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { capitalize } from './words.ts'

/** What each kind of host costs its pool, as `explain --cost` computes it. */
export function displayCost(analysis: Analysis, scope: HostScope): CostDisplay {
  const { pools } = analysis.cost(scope)
  const { who, what } = describeMostExpensive({ pools })
  return {
    title: capitalize(who, what),
    pools: pools.map(({ pool, hostCount: hosts, costs }) => ({
      title: `${poolName(pool)}: ${count(hosts, 'host')}`,
      costs: costs.filter(one => countOf(one) > 0).map(rowOf),
      free: costs.filter(one => countOf(one) === 0).reduce((sum, one) => sum + one.hosts.length, 0),
    })),
  }
}

const rowOf = (one: HostCost): CostRow => ({
  who: fewNames(one.hosts),
  hosts: one.hosts.length,
  features: countOf(one),
  worth: one.worth,
  gain: one.gain,
  gains: one.gains,
  step: one.step ? `${one.step.from ?? 'no level'} → ${one.step.to ?? 'no level'}` : '',
})
