import { fullGuest } from '../../../src/fleet/arrows.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import { type CpuFacts, mayMove, type Obstacle, obstaclesOf } from '../../../src/fleet/obstacles.ts'
import { count } from '../../../src/verbs/say.ts'
import type { MigrationAnswer, MoveAnswer } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { sum } from './fleet.ts'

/** Between which groups guests move that have all of their host's CPU. */
export function migrationView(analysis: Analysis, scope: Scope): MigrationAnswer {
  const groups = analysis.in(scope)
  const guests = groups.map(fullGuest(analysis.db.features))
  const ways = new Map(groups.map((from, i) => [from, new Set(groups.filter(to => goes(guests[i], to)))]))
  const clusterOf = clusters(groups, ways)
  const heads = [...new Set(clusterOf.values())]
  const reach = new Map(heads.map(head => [head, new Set<Group>()]))
  for (const [from, open] of ways) {
    const own = clusterOf.get(from)
    for (const to of open) {
      const other = clusterOf.get(to)
      if (own && other && other !== own) reach.get(own)?.add(other)
    }
  }
  const rank = ranksOf(heads, reach)
  return {
    title: titleOf(groups, heads, clusterOf),
    clusters: heads.map(head => ({
      id: analysis.id(head),
      groups: groups.filter(group => clusterOf.get(group) === head).map(group => analysis.id(group)),
      rank: rank.get(head) ?? 0,
    })),
    arrows: heads.flatMap(from => {
      const to = [...(reach.get(from) ?? [])]
      const indirect = new Set(to.flatMap(next => [...(reach.get(next) ?? [])]))
      return to
        .filter(next => !indirect.has(next))
        .map(next => ({ from: analysis.id(from), to: analysis.id(next) }))
    }),
  }
}

/** What keeps a guest of one group from the other's hosts. */
export function moveView(analysis: Analysis, from: number, to: number): MoveAnswer {
  const [a, b] = [analysis.groups[from], analysis.groups[to]]
  if (!a || !b) return { title: '', features: [], others: [] }
  const found = obstaclesOf(analysis.db.features, fullGuest(analysis.db.features)(a), b)
  const features = found.flatMap(obstacle =>
    obstacle.kind === 'feature' ? analysis.feature(obstacle.feature) : [],
  )
  const [guest, host] = [analysis.title(a), analysis.title(b)]
  const title =
    found.length === 0
      ? `Guests move from ${guest} to ${host}`
      : `Guests of ${guest} cannot move to ${host}` +
        (features.length > 0 ? `: it lacks ${count(features.length, 'feature')}` : '')
  return { title, features, others: found.flatMap(otherObstacle) }
}

function otherObstacle(obstacle: Obstacle): string[] {
  if (obstacle.kind === 'vendor')
    return [`the guest is of ${obstacle.guest}, the host of ${obstacle.host ?? 'no known vendor'}`]
  if (obstacle.kind === 'phys-bits')
    return [
      `the guest addresses ${obstacle.guest} bits of memory, the host ${obstacle.host}: it would crash there`,
    ]
  return []
}

const goes = (guest: CpuFacts | undefined, to: Group): boolean => guest !== undefined && mayMove(guest, to)

/** The first of the groups between which guests of a group move both ways; the order of features makes that a whole. */
function clusters(groups: readonly Group[], ways: ReadonlyMap<Group, ReadonlySet<Group>>): Map<Group, Group> {
  const heads = new Map<Group, Group>()
  for (const group of groups) {
    const mate = [...heads.keys()].find(other => ways.get(group)?.has(other) && ways.get(other)?.has(group))
    heads.set(group, (mate && heads.get(mate)) ?? group)
  }
  return heads
}

/** How many steps lead to each: nothing moves to rank 0. */
function ranksOf(heads: readonly Group[], reach: ReadonlyMap<Group, ReadonlySet<Group>>): Map<Group, number> {
  const rank = new Map(heads.map(head => [head, 0]))
  const visit = (head: Group): void => {
    for (const next of reach.get(head) ?? []) {
      if ((rank.get(next) ?? 0) > (rank.get(head) ?? 0)) continue
      rank.set(next, (rank.get(head) ?? 0) + 1)
      visit(next)
    }
  }
  for (const head of heads) visit(head)
  return rank
}

function titleOf(
  groups: readonly Group[],
  heads: readonly Group[],
  clusterOf: ReadonlyMap<Group, Group>,
): string {
  const sizes = heads.map(head => sum(groups.filter(group => clusterOf.get(group) === head)))
  const hosts = sum(groups)
  if (heads.length <= 1)
    return `Started with all of its host’s CPU, a guest moves between all ${count(hosts, 'host')}`
  return `Started with all of its host’s CPU, a guest moves both ways among at most ${Math.max(...sizes)} of ${hosts} hosts`
}
