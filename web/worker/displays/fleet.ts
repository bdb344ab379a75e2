import { count } from '../../../src/core/text.ts'
import { areParted, countHosts, type Group, vendorsOf } from '../../../src/fleet/groups.ts'
import type { CostAnswer } from '../../../src/questions/explain/answer.ts'
import { findOddHosts } from '../../../src/questions/explain/compute.ts'
import {
  describeFixes,
  describeMostExpensiveShortly,
  describeParting,
} from '../../../src/questions/explain/cost-report.ts'
import { hostWords } from '../../../src/questions/words/cells.ts'
import type { ActionRow, FleetDisplay } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** At most this many things to do stand first. */
const MAX_ACTIONS = 3

/** At most this many outliers are described: more of them have mostly one common cause. */
const MAX_OUTLIERS = 12

/** The hosts grouped by CPU, and the outliers. */
export function displayFleet(analysis: Analysis, scope: HostScope): FleetDisplay {
  const { view, describer } = analysis
  const groups = analysis.in(scope)
  const outliers = findOddHosts(view, describer, groups)
  const outlying = outliers.flatMap(({ inGroups }) => inGroups.flatMap(place => groups[place] ?? []))
  const outlierGroups = outlying.map(group => analysis.id(group))
  const levels = levelsOf(analysis, groups)
  const cost = analysis.cost(scope)
  const labels = new Set(view.pools.map(({ label }) => label))
  return {
    title: titleOf(
      analysis,
      cost,
      levels,
      outlying.flatMap(({ hosts }) => hosts.map(({ name }) => name)),
    ),
    actions: [
      ...partings(analysis, scope),
      ...describeFixes(cost.pools).map(({ what, on, of, gain }) => ({
        what,
        on: hostWords(on, of ?? 0),
        gain,
      })),
    ].slice(0, MAX_ACTIONS),
    hosts: countHosts(groups),
    guests: view.fleet.guests.filter(({ pool = '' }) => scope === null || pool === scope || !labels.has(pool))
      .length,
    groups: groups.map(analysis.group),
    outlierGroups,
    outliers: outliers.slice(0, MAX_OUTLIERS).map(({ inGroups: _, likeGroup, ...outlier }, i) => {
      const { name = '', hosts = [] } = groups[likeGroup] ?? {}
      return { ...outlier, group: outlierGroups[i] ?? -1, norm: name, normHosts: hosts.length }
    }),
    pools: view.pools.map(({ label, groups: own }) => ({ label, hosts: countHosts(own) })),
    levels,
  }
}

/** The pools of vendors between which guests do not move. */
const partings = ({ view }: Analysis, scope: HostScope): ActionRow[] =>
  view.pools.flatMap(({ label: pool, groups }) => {
    const vendors = vendorsOf(groups)
    const isMixed = areParted(vendors) && view.context.cpus.mixed !== undefined
    return isMixed && (scope === null || scope === pool)
      ? [{ ...describeParting({ pool, vendors }), on: '' }]
      : []
  })

/** Highest level first. */
function levelsOf(analysis: Analysis, groups: readonly Group[]): FleetDisplay['levels'] {
  const counts = new Map<string, number>()
  for (const group of groups) {
    const level = analysis.level(group.offered)
    counts.set(level, (counts.get(level) ?? 0) + group.hosts.length)
  }
  return [...counts].map(([level, hosts]) => ({ level, hosts })).sort((a, b) => (a.level < b.level ? 1 : -1))
}

/** `32 of 40 hosts reach x86-64-v4; esx07 costs the fleet 23 features` */
function titleOf(
  analysis: Analysis,
  { mostExpensive }: CostAnswer,
  levels: FleetDisplay['levels'],
  outliers: readonly string[],
): string {
  const [only] = outliers
  const who = outliers.length === 1 ? `${only} differs` : `${count(outliers.length, 'host')} differ`
  const difference = outliers.length > 0 ? `${who} from other hosts of the same CPU` : undefined
  return [
    describeLevels(levels, analysis.view.levels[0]?.name),
    describeMostExpensiveShortly(mostExpensive) ?? difference,
  ]
    .filter(Boolean)
    .join('; ')
}

/** @param lowest the lowest level of the architecture; absent: it has none */
function describeLevels(levels: FleetDisplay['levels'], lowest: string | undefined): string {
  const hosts = levels.reduce((all, level) => all + level.hosts, 0)
  const [best] = levels
  if (lowest === undefined) return count(hosts, 'host')
  if (!best || best.level === '') return `${count(hosts, 'host')} below ${lowest}`
  if (best.hosts < hosts) return `${best.hosts} of ${hosts} hosts reach ${best.level}`
  return `${hosts === 1 ? 'The one host reaches' : `All ${hosts} hosts reach`} ${best.level}`
}
