import type { Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { type Arrow, findArrows, makeFullGuest } from '../../fleet/arrows.ts'
import type { FleetPool, Group } from '../../fleet/groups.ts'
import { type FleetGuest, groupGuestsByPool } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { weighObstacles } from '../../fleet/interest.ts'
import {
  type CpuFacts,
  findHazards,
  findMoveVerdict,
  findObstacles,
  type Obstacle,
} from '../../fleet/obstacles.ts'
import { findPlaces, findStartObstacles, type PossiblePlaces } from '../../fleet/places.ts'
import type { Reason } from '../answer-parts.ts'
import { guestsAlone } from '../hosts/guests.ts'
import { guestNamed, hostNamed } from '../input/fleet/named.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type {
  ArrowAnswer,
  GuestMoves,
  GuestPlaces,
  MigrateAnswer,
  MigrateGroup,
  MoveAnswer,
} from './answer.ts'
import { mayHavePlace, obstacleAnswers } from './describe.ts'

/**
 * Between which hosts guests can move, and where each guest can go. Pool by pool, or with `across` as if all were
 * one.
 */
export function migrateAnswer(view: FleetView, across = false): MigrateAnswer {
  const pools = across ? asOne(view) : view.pools
  return {
    groups: pools.flatMap(({ groups }) => groups.map(groupAnswer)),
    arrows: pools.flatMap(({ groups }) => findArrows(view.db, groups).map(arrow => arrowAnswer(view, arrow))),
    guests: guestsIn(view, pools, across).map(({ pool, places }) => guestAnswer(view, pool, places)),
    ...guestsAlone(view),
  }
}

/** Where each guest can go in its pool, without what stands in the way: quick for any number of them. */
export const guestPlaces = (view: FleetView): GuestPlaces[] =>
  guestsIn(view, view.pools, false).map(({ pool, places }) => toldPlaces(view, pool, places))

/** How many guests of a pool (null: of all) have no place that is known, and nothing is known to speak against one. */
export const countOpenGuests = (view: FleetView, label: string | null): number =>
  guestsIn(view, view.pools, false)
    .filter(({ pool, places }) => places.others === 0 && (label === null || pool.label === label))
    .filter(({ pool, places }) => mayHavePlace(guestAnswer(view, pool, places))).length

interface GuestInPool {
  readonly pool: FleetPool
  readonly places: PossiblePlaces
}

function guestsIn({ fleet }: FleetView, pools: readonly FleetPool[], across: boolean): GuestInPool[] {
  const guests = across ? new Map([['', [...fleet.guests]]]) : groupGuestsByPool(fleet.guests, fleet.hosts)
  return pools.flatMap(pool =>
    findPlaces(guests.get(pool.label) ?? [], pool.groups).map(places => ({ pool, places })),
  )
}

/** The hosts as one pool; groups are parts still, each in the pool it is in. */
const asOne = ({ pools }: FleetView): FleetPool[] => [
  { label: '', groups: pools.flatMap(({ groups }) => groups) },
]

const groupAnswer = ({ name, hosts }: Group): MigrateGroup => ({
  name,
  pool: hosts[0]?.pool ?? '',
  hosts: hosts.map(host => host.name),
})

const arrowAnswer = (view: FleetView, { from, to, kind, there, back, hazards }: Arrow): ArrowAnswer => ({
  from: from.name,
  to: to.name,
  kind,
  there: obstacleAnswers(view, to, there),
  back: obstacleAnswers(view, from, back),
  hazards: { there: reasonsIn(view, hazards.there), back: reasonsIn(view, hazards.back) },
})

const reasonsIn = ({ db }: FleetView, features: FeatureSet): Reason[] =>
  features.isEmpty ? [] : db.features.in(features).map(reasonOf)

function guestAnswer(view: FleetView, pool: FleetPool, places: PossiblePlaces): GuestMoves {
  const { guest, groups: open } = places
  const closed = pool.groups.filter(group => !open.includes(group))
  const home = pool.groups.find(group => isHome(guest, group))
  const starts = pool.groups.map(group => ({ group, obstacles: findStartObstacles(view.db, guest, group) }))
  return {
    ...toldPlaces(view, pool, places),
    refused: starts.filter(isRefused).map(({ group, obstacles }) => ({
      group: group.name,
      obstacles: obstacleAnswers(view, group, obstacles),
    })),
    why: closed.map(group => ({
      group: group.name,
      obstacles: obstacleAnswers(view, group, findObstacles(view.db.features, guest, group)),
    })),
    hazards: open.flatMap(group => {
      const features = group === home ? [] : hazardsOf(view, guest, group, home)
      return features.length > 0 ? { group: group.name, features } : []
    }),
  }
}

const isHome = ({ host }: FleetGuest, { hosts }: Group): boolean => hosts.some(({ name }) => name === host)

const isRefused = ({ obstacles }: { readonly obstacles: readonly Obstacle[] }): boolean =>
  obstacles.some(({ kind }) => kind === 'model')

const toldPlaces = (
  { db }: FleetView,
  { label, groups }: FleetPool,
  { guest, groups: open, others }: PossiblePlaces,
): GuestPlaces => ({
  guest: guest.name,
  host: guest.host ?? null,
  pool: label,
  starts: groups
    .filter(group => isHome(guest, group) || findStartObstacles(db, guest, group).length === 0)
    .map(({ name }) => name),
  moves: open.map(({ name }) => name),
  others,
})

/**
 * Whether a guest moves to a host: the named one, or one with all of the host `from`'s CPU.
 * @throws BadRequest for a name that no host or guest has
 */
export function moveAcross(views: readonly FleetView[], move: Move): MoveAnswer {
  const [only, ...more] = views
  if (only && more.length === 0) return moveAnswer(only, move)
  const hosts = views.flatMap(view => view.fleet.hosts)
  const [to, from] = [
    hostNamed(hosts, move.to),
    move.from === undefined ? undefined : hostNamed(hosts, move.from),
  ]
  const guest =
    move.guest === undefined
      ? undefined
      : guestNamed(
          views.flatMap(view => view.fleet.guests),
          move.guest,
        )
  const source = views.find(
    ({ fleet }) => fleet.guests.some(one => one === guest) || fleet.hosts.some(one => one === from),
  )
  const target = views.find(({ fleet }) => fleet.hosts.includes(to))
  if (!source || !target) throw new RangeError('what was found is of a fleet')
  if (source === target) return moveAnswer(target, move)
  return {
    from: guest?.name ?? from?.name ?? '',
    to: to.name,
    moves: false,
    verdict: 'no',
    allowed: 'no',
    safe: 'no',
    starts: false,
    obstacles: [
      {
        kind: 'architecture',
        guest: source.context.arch,
        host: target.context.arch,
        remedy: OTHER_ARCHITECTURE,
      },
    ],
    hazards: [],
    common: 0,
  }
}

interface Move {
  readonly guest?: string | undefined
  readonly from?: string | undefined
  readonly to: string
}

const OTHER_ARCHITECTURE = 'install it anew on a host of that architecture'

function moveAnswer(view: FleetView, { guest, from, to }: Move): MoveAnswer {
  const target = hostNamed(view.fleet.hosts, to)
  const running = guest === undefined ? undefined : guestNamed(view.fleet.guests, guest)
  const source = from === undefined ? undefined : hostNamed(view.fleet.hosts, from)
  const facts: CpuFacts = running ?? wholeGuest(view, source ?? target)
  const group = view.groupOf.get(target.name)
  const isThere = running?.host === target.name
  const home = view.fleet.hosts.find(({ name }) => name === running?.host)
  const obstacles = isThere ? [] : findObstacles(view.db.features, facts, target)
  const verdict = isThere ? 'yes' : findMoveVerdict(facts, target)
  const moves = verdict === 'yes' || verdict === 'assumed'
  const hazards = isThere ? [] : hazardsOf(view, facts, target, home ?? source)
  const { allowed, safe } = weighObstacles(obstacles, hazards.length)
  const least = (one: Verdict) => (one === 'yes' && verdict === 'assumed' ? verdict : one)
  return {
    from: running?.name ?? source?.name ?? target.name,
    to: target.name,
    moves,
    verdict,
    allowed: least(allowed),
    safe: least(safe),
    starts: running && !isThere ? findStartObstacles(view.db, running, target).length === 0 : moves,
    obstacles: group ? obstacleAnswers(view, group, obstacles) : [],
    hazards,
    common: view.db.features.count(facts.features.meet(target.features)),
  }
}

const hazardsOf = (
  view: FleetView,
  guest: CpuFacts,
  target: CpuFacts,
  from: CpuFacts | undefined,
): Reason[] => reasonsIn(view, findHazards(view.db.features, guest, target, from))

/** A guest with all of the host's CPU. */
function wholeGuest({ db, groupOf }: FleetView, { name }: FleetHost): CpuFacts {
  const group = groupOf.get(name)
  return group ? makeFullGuest(db)(group) : { features: FeatureSet.empty }
}
