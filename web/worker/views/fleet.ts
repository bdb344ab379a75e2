import { count } from '../../../src/core/text.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import { cost } from '../../../src/questions/explain/cost.ts'
import { describeDearestShortly } from '../../../src/questions/explain/describe-cost.ts'
import { findOddHosts } from '../../../src/questions/explain/odd-ones.ts'
import type { FleetAnswer } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** So many odd ones are told in full: who has more has one fault many times. */
const TOLD = 12

/** The hosts by their CPU, and the odd ones out. */
export function fleetView(analysis: Analysis, scope: Scope): FleetAnswer {
  const { view, teller } = analysis
  const groups = analysis.in(scope)
  const odd = findOddHosts(view, teller, groups)
  const oddGroups = odd.map(({ hosts: [first = ''] }) => analysis.idOf(first))
  const levels = levelsOf(analysis, groups)
  const names = new Set(view.pools.map(({ label }) => label))
  return {
    title: titleOf(
      analysis,
      scope,
      levels,
      odd.flatMap(({ hosts }) => hosts),
    ),
    hosts: sum(groups),
    guests: view.fleet.guests.filter(({ pool = '' }) => scope === null || pool === scope || !names.has(pool))
      .length,
    groups: groups.map(analysis.group),
    oddGroups,
    odd: odd.slice(0, TOLD).map(({ hosts: _, ...told }, i) => ({ ...told, group: oddGroups[i] ?? -1 })),
    pools: view.pools.map(({ label, groups: own }) => ({ label, hosts: sum(own) })),
    levels,
  }
}

/** Highest level first. */
function levelsOf(analysis: Analysis, groups: readonly Group[]): FleetAnswer['levels'] {
  const counts = new Map<string, number>()
  for (const group of groups) {
    const level = analysis.level(group)
    counts.set(level, (counts.get(level) ?? 0) + group.hosts.length)
  }
  return [...counts].map(([level, hosts]) => ({ level, hosts })).sort((a, b) => (a.level < b.level ? 1 : -1))
}

/** `32 of 40 hosts reach x86-64-v4; esx07 costs the fleet 23 features` */
function titleOf(
  { view }: Analysis,
  scope: Scope,
  levels: FleetAnswer['levels'],
  odd: readonly string[],
): string {
  const { dearest } = cost(view, scope === null ? undefined : [scope])
  const [first] = odd
  const strange = odd.length === 1 ? first : count(odd.length, 'host')
  const unlike = `${strange} ${odd.length === 1 ? 'is' : 'are'} unlike others of their silicon`
  const more = describeDearestShortly(dearest) ?? (first === undefined ? undefined : unlike)
  return [reached(levels), ...(more === undefined ? [] : [more])].join('; ')
}

function reached(levels: FleetAnswer['levels']): string {
  const hosts = levels.reduce((all, level) => all + level.hosts, 0)
  const [best] = levels
  if (!best || best.level === '') return `${count(hosts, 'host')} below x86-64-v1`
  if (best.hosts < hosts) return `${best.hosts} of ${hosts} hosts reach ${best.level}`
  return `${hosts === 1 ? 'The one host reaches' : `All ${hosts} hosts reach`} ${best.level}`
}

export const sum = (groups: readonly Group[]): number =>
  groups.reduce((hosts, group) => hosts + group.hosts.length, 0)
