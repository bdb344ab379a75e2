import { count, fewNames, groupBy } from '../../../src/core/text.ts'
import type { HostCost } from '../../../src/questions/explain/answer.ts'
import { countOf, describeMostExpensive } from '../../../src/questions/explain/cost-report.ts'
import { hostsAt, poolName } from '../../../src/questions/words/cells.ts'
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
    pools: pools.map(({ pool, hostCount: hosts, groups, costs }) => {
      const rows = costs.map(one => rowOf(analysis, one, hostsAt(groups, one.inGroups)))
      return {
        title: `${poolName(pool)}: ${count(hosts, 'host')}`,
        costs: rows.filter(row => row.features > 0),
        free: rows.reduce((sum, row) => sum + (row.features > 0 ? 0 : row.hosts), 0),
      }
    }),
  }
}

const rowOf = (analysis: Analysis, one: HostCost, hosts: readonly string[]): CostRow => ({
  who: fewNames(hosts),
  hosts: hosts.length,
  features: countOf(one),
  worth: one.worth,
  gain: one.gain,
  gains: analysis.joinTwins(one.gains),
  classes: [...groupBy(one.gains, gain => gain.class)].map(([kind, gains]) => [kind, gains.length]),
  step: one.step ? `${one.step.from ?? 'no level'} → ${one.step.to ?? 'no level'}` : '',
})
