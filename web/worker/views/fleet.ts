import { costsOf } from '../../../src/fleet/cost.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import { oddOnes } from '../../../src/fleet/odd-ones.ts'
import { count, fewNames } from '../../../src/verbs/say.ts'
import type { FleetAnswer, OddAnswer } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** So many odd ones are told in full: who has more has one fault many times. */
const TOLD = 12

/** The hosts by their CPU, and the odd ones out. */
export function fleetView(analysis: Analysis, scope: Scope): FleetAnswer {
  const groups = analysis.in(scope)
  const found = oddOnes(analysis.db.features, analysis.finder, groups)
  const levels = levelsOf(analysis, groups)
  return {
    title: titleOf(
      analysis,
      groups,
      levels,
      found.map(({ group }) => group),
    ),
    hosts: sum(groups),
    groups: groups.map(analysis.group),
    oddGroups: found.map(({ group }) => analysis.id(group)),
    odd: found.slice(0, TOLD).map(
      ({ group, norm, lacks, has }): OddAnswer => ({
        group: analysis.id(group),
        norm: analysis.id(norm),
        lacks: lacks.map(({ feature, finding }) => ({
          ...analysis.feature(feature),
          ...analysis.cause(finding),
        })),
        has: has.map(({ feature }) => analysis.feature(feature)),
      }),
    ),
    pools: analysis.pools.map(({ label, groups }) => ({ label, hosts: sum(groups) })),
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

/** `32 of 40 hosts reach x86-64-v4; esx07 costs the pool 23 features` */
function titleOf(
  analysis: Analysis,
  groups: readonly Group[],
  levels: FleetAnswer['levels'],
  odd: readonly Group[],
): string {
  const hosts = sum(groups)
  const [best] = levels
  const reach =
    best === undefined || best.level === ''
      ? `${count(hosts, 'host')} of ${count(groups.length, 'CPU')}`
      : best.hosts === hosts
        ? `${hosts === 1 ? 'The one host reaches' : `All ${hosts} hosts reach`} ${best.level}`
        : `${best.hosts} of ${hosts} hosts reach ${best.level}`
  const [dearest] = costsOf(analysis.valuation, analysis.levels, groups)
  const cost =
    dearest && dearest.features.length > 0 && groups.length > 1
      ? `; ${fewNames(
          dearest.groups.map(group => analysis.title(group)),
          1,
        )} ${dearest.hosts === 1 ? 'costs' : 'cost'} the pool ${count(dearest.features.length, 'feature')}`
      : ''
  const strange = odd.length === 1 && odd[0] ? analysis.title(odd[0]) : `${count(sum(odd), 'host')}`
  const unlike =
    odd.length > 0 ? `; ${strange} ${sum(odd) === 1 ? 'is' : 'are'} unlike others of their silicon` : ''
  return reach + (cost || unlike)
}

export const sum = (groups: readonly Group[]): number =>
  groups.reduce((hosts, group) => hosts + group.hosts.length, 0)
