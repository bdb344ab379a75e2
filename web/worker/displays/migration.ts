import { fewNames } from '../../../src/core/text.ts'
import { makeFullGuest } from '../../../src/fleet/arrows.ts'
import { countHosts, type Group } from '../../../src/fleet/groups.ts'
import { type CpuFacts, canMove } from '../../../src/fleet/obstacles.ts'
import type { GuestPlaces, ObstacleAnswer } from '../../../src/questions/migrate/answer.ts'
import { countOpenGuests, guestPlaces } from '../../../src/questions/migrate/compute.ts'
import {
  byRemedy,
  describeGuests,
  describeMove,
  describeObstacle,
  describePoolTitle,
  MOVES_FREELY,
} from '../../../src/questions/migrate/describe.ts'
import type { GuestRow, MigrationDisplay, MoveDisplay } from '../../shared/displays.ts'
import type { HostScope, MigrationSource } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { capitalize } from './words.ts'

/**
 * Between which groups guests with their host's full CPU can move, and where each guest of the fleet can go. It uses
 * the fleet library directly: the question `migrate` also returns the obstacles of every pair of groups, which takes
 * seconds for hundreds of groups. The page asks for one pair at a time instead.
 */
export function displayMigration(analysis: Analysis, scope: HostScope): MigrationDisplay {
  const groups = analysis.in(scope)
  const { groups: parts, guests } = guestPlaces(analysis.view)
  const places = guests.filter(({ pool }) => scope === null || pool === scope)
  const graph = graphOf(analysis, groups)
  return {
    title: titleOf(scope, groups, graph.clusters, analysis, places),
    ...graph,
    guests: places.sort((a, b) => a.others - b.others).map(place => guestRow(analysis, parts, place)),
  }
}

function guestRow(
  analysis: Analysis,
  parts: readonly Group[],
  { startsInGroups: starts, movesToGroups: moves, ...place }: GuestPlaces,
): GuestRow {
  const { guest, host, pool, others } = place
  const called = (places: readonly number[]) => places.map(one => parts[one]?.name ?? '')
  return {
    guest,
    host,
    pool,
    others,
    starts: fewNames(called(starts)),
    moves: fewNames(called(moves)),
    open: called(moves).map(name => analysis.idOf(name)),
  }
}

function graphOf(
  analysis: Analysis,
  groups: readonly Group[],
): Pick<MigrationDisplay, 'clusters' | 'arrows'> {
  const guests = groups.map(makeFullGuest(analysis.view.db))
  const ways = new Map(groups.map((from, i) => [from, new Set(groups.filter(to => movesTo(guests[i], to)))]))
  const clusterOf = clustersOf(groups, ways)
  const heads = [...new Set(clusterOf.values())]
  const reach = new Map(heads.map(head => [head, new Set<Group>()]))
  for (const [from, open] of ways) {
    const own = clusterOf.get(from)
    for (const to of open) {
      const other = clusterOf.get(to)
      if (own && other && other !== own) reach.get(own)?.add(other)
    }
  }
  return {
    clusters: heads
      .map(head => ({ head, members: groups.filter(group => clusterOf.get(group) === head) }))
      .sort((a, b) => countHosts(b.members) - countHosts(a.members))
      .map(({ head, members }) => ({
        id: analysis.id(head),
        groups: members.map(group => analysis.id(group)),
        ...poolOf(analysis, members),
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

/** The pool of all hosts of the groups, where the fleet has several and they are in one. */
function poolOf({ view }: Analysis, groups: readonly Group[]): { readonly pool?: string } {
  const pools = new Set(groups.flatMap(({ hosts }) => hosts.map(({ pool = '' }) => pool)))
  const [pool, ...more] = pools
  return pool === undefined || more.length > 0 || view.pools.length < 2 ? {} : { pool }
}

/** The obstacles of a guest, or of one with a group's full CPU, on a group's hosts, as `migrate --to` reports them. */
export function displayMove(analysis: Analysis, from: MigrationSource, to: number): MoveDisplay {
  const nameOf = (id: number) => analysis.groupOf(id)?.name
  const target = nameOf(to)
  const who = 'guest' in from ? { guest: from.guest } : { from: nameOf(from.group) }
  if (target === undefined) return { title: '', moves: false, remedies: [] }
  const answer = analysis.ask('migrate', { ...who, to: target })
  if (!('canMove' in answer)) throw new RangeError('migrate did not return a move')
  return {
    title: describeMove(answer),
    moves: answer.canMove,
    remedies: [...byRemedy(answer.obstacles)].map(([remedy, some]) =>
      describeRemedy(analysis, target, remedy, some),
    ),
  }
}

function describeRemedy(
  { view: { db }, feature }: Analysis,
  to: string,
  remedy: string,
  obstacles: readonly ObstacleAnswer[],
): MoveDisplay['remedies'][number] {
  const [first] = obstacles
  return {
    remedy,
    cause: first?.kind === 'feature' ? first.cause : '',
    features: obstacles.flatMap(one => {
      const found = one.kind === 'feature' ? db.features.get(one.feature) : undefined
      return found ? feature(found) : []
    }),
    others: obstacles.flatMap(one => (one.kind === 'feature' ? [] : `${to} ${describeObstacle(one)}`)),
  }
}

const movesTo = (guest: CpuFacts | undefined, to: Group): boolean => guest !== undefined && canMove(guest, to)

/** For each group the first of those with which guests move both ways. That relation is an equivalence. */
function clustersOf(
  groups: readonly Group[],
  ways: ReadonlyMap<Group, ReadonlySet<Group>>,
): Map<Group, Group> {
  const heads = new Map<Group, Group>()
  for (const group of groups) {
    const equivalent = [...heads.keys()].find(
      other => ways.get(group)?.has(other) && ways.get(other)?.has(group),
    )
    heads.set(group, (equivalent && heads.get(equivalent)) ?? group)
  }
  return heads
}

function titleOf(
  scope: HostScope,
  groups: readonly Group[],
  sets: MigrationDisplay['clusters'],
  analysis: Analysis,
  guests: readonly GuestPlaces[],
): string {
  if (guests.length > 0) return describeGuests(guests, countOpenGuests(analysis.view, scope))
  const hosts = countHosts(groups)
  if (sets.length <= 1)
    return capitalize('', describePoolTitle(scope ?? '', hosts, groups.length) + MOVES_FREELY)
  const sizes = sets.map(({ groups: ids }) => countHosts(ids.flatMap(id => analysis.groupOf(id) ?? [])))
  return `A guest with the full CPU of its host can move both ways among at most ${Math.max(...sizes)} of ${hosts} hosts`
}
