import type { Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { bytewise, groupBy } from '../../core/text.ts'
import { type Arrow, findArrows, makeFullGuest } from '../../fleet/arrows.ts'
import { type FleetPool, type Group, narrowGroup } from '../../fleet/groups.ts'
import { type FleetGuest, groupGuestsByPool } from '../../fleet/guest.ts'
import { partingKeyOf } from '../../fleet/guest-terms.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { weighObstacles } from '../../fleet/interest.ts'
import {
  type CpuFacts,
  CpuKeys,
  findHazards,
  findMoveVerdict,
  findObstacles,
  isOpen,
  type Obstacle,
} from '../../fleet/obstacles.ts'
import {
  factsOfStart,
  findPlaces,
  judgeStart,
  type PossiblePlaces,
  type StartFinding,
} from '../../fleet/places.ts'
import { versionOf } from '../../map/kvm-rules.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Reason } from '../answer-parts.ts'
import { guestsAlone } from '../hosts/guests.ts'
import { guestNamed, hostNamed } from '../input/fleet/named.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { idRegistersPart } from '../pools/choice.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { type Note, reasonOf } from '../words/note.ts'
import type {
  ArrowAnswer,
  GuestMoves,
  GuestPlaces,
  MigrateAnswer,
  MigrateGroup,
  MoveAnswer,
} from './answer.ts'
import { mayHavePlace, ObstacleList, obstacleAnswers } from './describe.ts'

/**
 * Between which hosts guests can move, and where each guest can go. Pool by pool, or with `across` as if all were
 * one.
 */
export function migrateAnswer(view: FleetView, across = false): MigrateAnswer {
  const pools = partedPools(view, across)
  const list = new ObstacleList(view)
  const groups = groupsIn(pools)
  const placeOf = placesIn(groups)
  const arrows = pools.flatMap(pool =>
    findArrows(view.db, pool.groups, wholeGuestOf(view)).map(arrow =>
      arrowAnswer(view, list, placeOf, arrow),
    ),
  )
  const guests = guestsIn(view, pools, across).flatMap(([pool, places]) => {
    const finder = new MoveFinder(view, pool, list, placeOf)
    return places.map(one => finder.answer(one))
  })
  return {
    groups: groups.map(groupAnswer),
    obstacles: list.all,
    arrows,
    guests,
    ...hostCpuPart(view, pools),
    ...keptCpusOf(view),
    ...guestsAlone(view),
  }
}

/** Of an architecture without named models for guests, that no definition helps, and what is known of ID registers. */
function hostCpuPart(
  { context, db }: FleetView,
  pools: readonly FleetPool[],
): Pick<MigrateAnswer, 'hostCpuOnly' | 'pools'> {
  if (db.models.length > 0) return {}
  const known = pools.flatMap(({ label, groups }) => {
    const part = idRegistersPart(context, groups)
    return part.idRegisters ? [{ pool: label, ...part }] : []
  })
  return { hostCpuOnly: true, ...(known.length > 0 ? { pools: known } : {}) }
}

/** Where each guest can go in its pool, and the groups, without what stands in the way: quick for any number of them. */
export function guestPlaces(view: FleetView): {
  readonly groups: readonly Group[]
  readonly guests: readonly GuestPlaces[]
} {
  const pools = partedPools(view)
  const groups = groupsIn(pools)
  const placeOf = placesIn(groups)
  const guests = guestsIn(view, pools, false).flatMap(([pool, places]) => {
    const finder = new MoveFinder(view, pool, new ObstacleList(view), placeOf)
    return places.map(one => finder.places(one))
  })
  return { groups, guests }
}

const groupsIn = (pools: readonly FleetPool[]): Group[] => pools.flatMap(({ groups }) => groups)

type PlaceOf = (group: Group) => number

function placesIn(groups: readonly Group[]): PlaceOf {
  const places = new Map(groups.map((group, place) => [group, place]))
  return group => places.get(group) ?? -1
}

/** That hosts have not all the emulators that others have; nothing where they have, or where that is not known. */
export function emulatorNotes(hosts: readonly FleetHost[]): Note[] {
  const lists = new Map<string, string[]>()
  for (const { name, emulators } of hosts) {
    if (!emulators) continue
    const key = [...emulators].sort(bytewise).join('\n')
    lists.set(key, [...(lists.get(key) ?? []), name])
  }
  if (lists.size < 2) return []
  const [first = [], ...more] = [...lists.keys()].map(key => key.split('\n'))
  const common = first.filter(path => more.every(other => other.includes(path)))
  const told = [...lists].map(([key, names]) => ({
    emulators: key.split('\n').filter(path => !common.includes(path)),
    hosts: names,
  }))
  return [{ kind: 'emulators-differ', lists: told.filter(({ emulators }) => emulators.length > 0) }]
}

/** That guests are said to run with a model that the QEMU of their own host does not know; nothing where its list has it. */
export function modelNotes({ hosts, guests }: FleetView['fleet']): Note[] {
  const byName = new Map(hosts.map(host => [host.name, host]))
  const found = guests.flatMap(({ name, host = '', model = '' }) => {
    const { hypervisor, models } = byName.get(host) ?? {}
    const qemu = versionOf(hypervisor)
    const isKnown = qemu === undefined || models?.has(model) || builtinReleases().knows('qemu', qemu, model)
    return isKnown ? [] : { name, qemu, model }
  })
  const alike = groupBy(found, ({ qemu, model }) => `${qemu} ${model}`)
  return [...alike.values()].flatMap(([first, ...more]) => {
    if (!first) return []
    const { qemu, model } = first
    return { kind: 'guest-model-newer', qemu, model, guests: [first, ...more].map(({ name }) => name) }
  })
}

/** How many guests of a pool (null: of all) have no place that is known, and nothing is known to speak against one. */
export function countOpenGuests(view: FleetView, label: string | null): number {
  const list = new ObstacleList(view)
  const pools = partedPools(view)
  const placeOf = placesIn(groupsIn(pools))
  return guestsIn(view, pools, false)
    .filter(([pool]) => label === null || pool.label === label)
    .flatMap(([pool, places]) => {
      const finder = new MoveFinder(view, pool, list, placeOf)
      return places.filter(one => one.others === 0 && mayHavePlace(finder.answer(one), list.all))
    }).length
}

const guestsIn = (
  { fleet }: FleetView,
  pools: readonly FleetPool[],
  across: boolean,
): (readonly [pool: FleetPool, places: readonly PossiblePlaces[]])[] => {
  const guests = across ? new Map([['', [...fleet.guests]]]) : groupGuestsByPool(fleet.guests, fleet.hosts)
  return pools.map(pool => [pool, findPlaces(guests.get(pool.label) ?? [], pool.groups)] as const)
}

/** The pools with their groups parted where hosts of one CPU are not alike in what guests ask for beside it. */
function partedPools(view: FleetView, across = false): FleetPool[] {
  const key = partingKeyOf(view.fleet.guests)
  return (across ? asOne(view) : view.pools).map(({ label, groups }) => ({
    label,
    groups: key
      ? groups.flatMap(group => {
          const parts = [...groupBy(group.hosts, key).values()]
          return parts.length === 1 ? group : parts.map(hosts => narrowGroup(group, hosts))
        })
      : groups,
  }))
}

/** The hosts as one pool; groups are parts still, each in the pool it is in. */
const asOne = ({ pools }: FleetView): FleetPool[] => [
  { label: '', groups: pools.flatMap(({ groups }) => groups) },
]

const groupAnswer = ({ hosts }: Group): MigrateGroup => ({
  pool: hosts[0]?.pool ?? '',
  hosts: hosts.map(host => host.name),
})

const arrowAnswer = (
  view: FleetView,
  list: ObstacleList,
  placeOf: PlaceOf,
  { from, to, kind, there, back, hazards }: Arrow,
): ArrowAnswer => ({
  fromGroup: placeOf(from),
  toGroup: placeOf(to),
  kind,
  there: list.numbersOf(to, there),
  back: list.numbersOf(from, back),
  hazardsThere: reasonsIn(view, hazards.there),
  hazardsBack: reasonsIn(view, hazards.back),
})

const reasonsIn = ({ db }: FleetView, features: FeatureSet): Reason[] =>
  features.isEmpty ? [] : db.features.in(features).map(reasonOf)

/** What one guest of a kind and all others at home in the same group have in common. */
type KindMoves = Pick<
  GuestMoves,
  'startsInGroups' | 'reduced' | 'movesToGroups' | 'refused' | 'closed' | 'hazardsIn'
>

/** What is the same of several groups, once. */
const mergeGroups = <T extends { readonly inGroups: readonly number[] }>(
  all: readonly T[],
  keyOf: (one: T) => string,
): T[] =>
  [...groupBy(all, keyOf).values()].flatMap(([first, ...more]) =>
    first ? { ...first, inGroups: [first, ...more].flatMap(one => one.inGroups) } : [],
  )

type ClosedBy = readonly [Group, readonly Obstacle[]]

/** Groups on whose hosts a guest starts, those of them where it lacks something then, and those where it does not start. */
interface Starts {
  readonly open: readonly number[]
  readonly reduced: readonly ClosedBy[]
  readonly closed: readonly (readonly [Group, StartFinding])[]
}

/** Where guests of a pool can go: of those with equal CPUs, at home on equal hosts, it is found once. */
class MoveFinder {
  readonly #view: FleetView
  readonly #pool: FleetPool
  readonly #list: ObstacleList
  readonly #placeOf: PlaceOf
  readonly #homes: ReadonlyMap<string, Group>
  readonly #keys = new CpuKeys()
  readonly #starts = new Map<string, readonly (readonly [Group, StartFinding])[]>()
  readonly #moves = new Map<string, KindMoves>()

  constructor(view: FleetView, pool: FleetPool, list: ObstacleList, placeOf: PlaceOf) {
    this.#view = view
    this.#pool = pool
    this.#list = list
    this.#placeOf = placeOf
    this.#homes = new Map(pool.groups.flatMap(group => group.hosts.map(({ name }) => [name, group] as const)))
  }

  places({ guest, groups, others }: PossiblePlaces): GuestPlaces {
    const home = this.#homeOf(guest)
    const { open } = this.#findStarts(guest, home)
    return {
      ...this.#about(guest),
      startsInGroups: open,
      movesToGroups: groups.map(this.#placeOf),
      others,
    }
  }

  answer(places: PossiblePlaces): GuestMoves {
    const { guest, others } = places
    const start = this.#keys.keyOfStart(factsOfStart(guest))
    const key = `${this.#keys.keyOf(guest)} or ${start} at ${this.#homeOf(guest)?.name}`
    const known = this.#moves.get(key) ?? this.#find(places)
    this.#moves.set(key, known)
    return { ...this.#about(guest), ...known, others }
  }

  #about = ({ name, host }: FleetGuest) => ({ guest: name, host: host ?? null, pool: this.#pool.label })

  #find({ guest, groups }: PossiblePlaces): KindMoves {
    const { db } = this.#view
    const home = this.#homeOf(guest)
    const open = new Set(groups)
    const starts = this.#findStarts(guest, home)
    const refused = starts.closed
      .filter(([group, { isOwn }]) => open.has(group) || isOwn)
      .map(([group, { obstacles }]): ClosedBy => [group, obstacles])
    return {
      startsInGroups: starts.open,
      ...(starts.reduced.length > 0 ? { reduced: this.#closed(starts.reduced) } : {}),
      movesToGroups: groups.map(this.#placeOf),
      refused: this.#closed(refused),
      closed: this.#closed(
        this.#pool.groups.flatMap(group =>
          open.has(group) ? [] : [[group, findObstacles(db.features, guest, group)]],
        ),
      ),
      hazardsIn: this.#hazards(
        guest,
        groups.filter(group => group !== home),
        home,
      ),
    }
  }

  #closed = (all: readonly ClosedBy[]): GuestMoves['closed'] =>
    mergeGroups(
      all.map(([group, obstacles]) => ({
        inGroups: [this.#placeOf(group)],
        reasons: this.#list.numbersOf(group, obstacles),
      })),
      ({ reasons }) => reasons.join(),
    )

  #hazards = (guest: CpuFacts, groups: readonly Group[], home?: Group): GuestMoves['hazardsIn'] =>
    mergeGroups(
      groups.flatMap(group => {
        const hazards = hazardsOf(this.#view, guest, group, home)
        return hazards.length > 0 ? { inGroups: [this.#placeOf(group)], hazards } : []
      }),
      ({ hazards }) => hazards.map(({ feature }) => feature).join(),
    )

  #findStarts(guest: FleetGuest, home: Group | undefined): Starts {
    const open: number[] = []
    const reduced: ClosedBy[] = []
    const closed: (readonly [Group, StartFinding])[] = []
    for (const [group, finding] of this.#judge(guest)) {
      // That it runs on one of several like it outweighs what is not known of them, and nothing that is.
      const isHome = group === home && (group.hosts.length === 1 || finding.obstacles.every(isOpen))
      if (isHome || finding.starts) open.push(this.#placeOf(group))
      else closed.push([group, finding])
      if (finding.lost.length > 0) reduced.push([group, finding.lost])
    }
    return { open, reduced, closed }
  }

  /** What becomes of it on each group: of definitions that are judged alike, wherever they run, it is found once. */
  #judge(guest: FleetGuest): readonly (readonly [Group, StartFinding])[] {
    const facts = factsOfStart(guest)
    const key = this.#keys.keyOfStart(facts)
    const { db } = this.#view
    const found =
      this.#starts.get(key) ?? this.#pool.groups.map(group => [group, judgeStart(db, facts, group)] as const)
    this.#starts.set(key, found)
    return found
  }

  #homeOf = ({ host }: FleetGuest): Group | undefined =>
    host === undefined ? undefined : this.#homes.get(host)
}

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
    canMove: false,
    verdict: 'no',
    allowed: 'no',
    safe: 'no',
    canStart: false,
    obstacles: [
      {
        kind: 'architecture',
        guestHas: source.context.arch,
        hostHas: target.context.arch,
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
  const start = running && !isThere ? judgeStart(view.db, factsOfStart(running), target) : undefined
  const least = (one: Verdict) => (one === 'yes' && verdict === 'assumed' ? verdict : one)
  return {
    from: running?.name ?? source?.name ?? target.name,
    to: target.name,
    canMove: moves,
    verdict,
    allowed: least(allowed),
    safe: least(safe),
    canStart: start ? start.obstacles.length === 0 : moves,
    ...(start && group && start.lost.length > 0
      ? { startsWithout: obstacleAnswers(view, group, start.lost) }
      : {}),
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
function wholeGuest(view: FleetView, { name }: FleetHost): CpuFacts {
  const group = view.groupOf.get(name)
  return group ? wholeGuestOf(view)(group) : { features: FeatureSet.empty }
}

/** What levels need says whether a host's document told of its CPU, or of some flags alone. */
const wholeGuestOf = ({ db, levels }: FleetView): ((host: CpuFacts) => CpuFacts) =>
  makeFullGuest(db, levels.at(-1)?.needs)
