import { type Feature, isHazard } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { bytewise, groupBy } from '../../core/text.ts'
import type { Fleet } from '../fleet.ts'
import { baselineOf, type Group, groupHosts, splitIntoPools } from '../groups.ts'
import { type FleetGuest, groupGuestsByPool } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import { CpuKinds, findObstacles, type Obstacle } from '../obstacles.ts'
import type { Valuation } from '../value.ts'

/** One host of a rolling upgrade: emptied, upgraded, and back. */
export interface DrainStep {
  readonly host: FleetHost
  readonly moves: readonly { readonly guest: FleetGuest; readonly to: FleetHost }[]
  /** Guests that no host takes at that time: they must be powered off. */
  readonly stuck: readonly StuckInStep[]
}

/** A guest that cannot leave, with the host that it is closest to and what keeps it from there; none: no room. */
interface StuckInStep {
  readonly guest: FleetGuest
  readonly obstacles: readonly Obstacle[]
  readonly nearest: FleetHost | undefined
}

export interface DrainOptions {
  /** What a host is after its upgrade; absent: what it is before. */
  readonly after?: (host: FleetHost) => FleetHost
  /** How many guests a host takes; absent: any number. */
  readonly room?: (host: FleetHost) => number
  /** The names of the hosts to upgrade; absent: all. */
  readonly only?: ReadonlySet<string>
}

/**
 * The order in which to empty hosts for a rolling upgrade, and where each guest goes: next comes the host with
 * the fewest stuck guests, then the fewest that will have to move again, then the fewest guests, then by name; so
 * empty hosts are upgraded first and take the others' guests. A guest goes to a host that is upgraded already if one takes it, so that it moves
 * once; of several to the one with the fewest guests. Takes hosts × guests.
 */
export function planDrain(
  table: FeatureTable,
  hosts: readonly FleetHost[],
  guests: readonly FleetGuest[],
  options: DrainOptions = {},
): DrainStep[] {
  const kinds = new CpuKinds()
  const stations = hosts
    .map((host): DrainState => ({ host, now: host, kind: kinds.numberOf(host), guests: [], done: false }))
    .sort((a, b) => bytewise(a.host.name, b.host.name))
  const byName = new Map(stations.map(station => [station.host.name, station]))
  const guestKinds = new Set<number>()
  for (const guest of [...guests].sort((a, b) => bytewise(a.name, b.name))) {
    const kind = kinds.numberOf(guest)
    guestKinds.add(kind)
    byName.get(guest.host ?? '')?.guests.push({ guest, kind })
  }
  const reach = new Reach(kinds, guestKinds, stations)
  const open = new Set(stations.filter(({ host }) => !options.only || options.only.has(host.name)))
  const steps: DrainStep[] = []
  for (let next = pickNext(reach, open); next; next = pickNext(reach, open)) {
    steps.push(drainHost(table, kinds, next, stations, options))
    open.delete(next)
    next.now = options.after?.(next.host) ?? next.host
    const kind = kinds.numberOf(next.now)
    reach.finish(next.kind, kind)
    next.kind = kind
    next.done = true
  }
  return steps
}

function drainHost(
  table: FeatureTable,
  kinds: CpuKinds,
  station: DrainState,
  all: readonly DrainState[],
  { room = () => Number.POSITIVE_INFINITY }: DrainOptions,
): DrainStep {
  const moves: { guest: FleetGuest; to: FleetHost }[] = []
  const stuck: (StuckInStep & PlacedGuest)[] = []
  for (const running of station.guests) {
    const { guest, kind } = running
    let to: DrainState | undefined
    for (const other of all) {
      if (other === station || !isBetter(other, to) || !kinds.canMove(kind, other.kind)) continue
      if (other.guests.length < room(other.host)) to = other
    }
    if (to) {
      to.guests.push(running)
      moves.push({ guest, to: to.host })
    } else stuck.push({ ...running, ...findNearest(table, guest, station, all) })
  }
  station.guests = stuck.map(({ guest, kind }) => ({ guest, kind }))
  return {
    host: station.host,
    moves,
    stuck: stuck.map(({ guest, obstacles, nearest: closest }) => ({ guest, obstacles, nearest: closest })),
  }
}

/** A station that is done comes before one that is not, then one with fewer guests. */
const isBetter = (a: DrainState, b: DrainState | undefined): boolean =>
  !b || (a.done !== b.done ? a.done : a.guests.length < b.guests.length)

/** The first host that the guest is closest to, as it is now, and what keeps it from there; empty: there is no room. */
function findNearest(
  table: FeatureTable,
  guest: FleetGuest,
  station: DrainState,
  all: readonly DrainState[],
): Pick<StuckInStep, 'obstacles' | 'nearest'> {
  const seen = new Set<number>()
  let least: Pick<StuckInStep, 'obstacles' | 'nearest'> | undefined
  for (const other of all) {
    if (other === station || seen.has(other.kind)) continue
    seen.add(other.kind)
    const obstacles = findObstacles(table, guest, other.now)
    if (!least || obstacles.length < least.obstacles.length) least = { obstacles, nearest: other.now }
  }
  return least ?? { obstacles: [], nearest: undefined }
}

/** A host during a rolling upgrade. */
interface DrainState {
  readonly host: FleetHost
  /** The host as it is at that time, and the kind of its CPU. */
  now: FleetHost
  kind: number
  guests: PlacedGuest[]
  done: boolean
}

/** A guest, and the kind of its CPU. */
interface PlacedGuest {
  readonly guest: FleetGuest
  readonly kind: number
}

/** To how many hosts guests of each kind can go, of all and of those that are done, while hosts change. */
class Reach {
  readonly #kinds: CpuKinds
  readonly #all = new Map<number, number>()
  readonly #done = new Map<number, number>()

  constructor(kinds: CpuKinds, guests: Iterable<number>, hosts: readonly DrainState[]) {
    this.#kinds = kinds
    const counts = groupBy(hosts, ({ kind }) => kind)
    for (const guest of guests) {
      let reach = 0
      for (const [kind, { length }] of counts) if (kinds.canMove(guest, kind)) reach += length
      this.#all.set(guest, reach)
      this.#done.set(guest, 0)
    }
  }

  /** A host of the one kind is done, and of the other kind now. */
  finish(before: number, after: number): void {
    for (const [guest, all] of this.#all) {
      const [was, is] = [this.#kinds.canMove(guest, before), this.#kinds.canMove(guest, after)]
      if (was !== is) this.#all.set(guest, all + (is ? 1 : -1))
      if (is) this.#done.set(guest, (this.#done.get(guest) ?? 0) + 1)
    }
  }

  /** How many guests of a host that is not done go nowhere else, and how many will have to move again. */
  count({ guests, kind: own }: DrainState): { readonly stuck: number; readonly again: number } {
    let [stuck, again] = [0, 0]
    for (const { kind } of guests) {
      const others = (this.#all.get(kind) ?? 0) - (this.#kinds.canMove(kind, own) ? 1 : 0)
      if (others === 0) stuck++
      if (this.#done.get(kind) === 0) again++
    }
    return { stuck, again }
  }
}

/** Of the open stations the first by stuck guests, then by those that will have to move again, then by guests, then by order. */
function pickNext(reach: Reach, open: Iterable<DrainState>): DrainState | undefined {
  let first: { station: DrainState; stuck: number; again: number } | undefined
  for (const station of open) {
    const { stuck, again } = reach.count(station)
    const order =
      first &&
      (stuck - first.stuck || again - first.again || station.guests.length - first.station.guests.length)
    if (order === undefined || order < 0) first = { station, stuck, again }
  }
  return first?.station
}

/** A guest whose CPU is not what its pool offers: it keeps it until it is powered off and started again. */
interface GuestRestart {
  readonly guest: FleetGuest
  /** The pool of the host it runs on. */
  readonly pool: string
  /** What it would have more, of security and performance, in map order. */
  readonly gains: readonly Feature[]
  /** What it has and some host of its pool is known to lack: it cannot go to every host, and would lose these. */
  readonly beyond: readonly Feature[]
  /** The worth of `gains`. */
  readonly worth: number
}

/**
 * The guests to power off and start anew, in order: first those that cannot go everywhere in their pool,
 * the ones with most beyond it first, since they stand in the way of every drain; then those that gain most;
 * then by name. Virtualization and platform features are the guest's own choice and are no gain here.
 */
export function findGuestRestarts(
  valuation: Valuation,
  { hosts, guests, kept }: Pick<Fleet, 'hosts' | 'guests' | 'kept'>,
): GuestRestart[] {
  const { table } = valuation
  const wanted = table.setOf(table.list.filter(isGain))
  const members = groupGuestsByPool(guests, hosts)
  return splitIntoPools(groupHosts(hosts))
    .flatMap(({ label, groups }) => {
      const offer = kept?.get(label)?.features ?? baselineOf(groups)
      const missing = missingOnSome(groups)
      return (members.get(label) ?? []).map(guest => {
        const gains = offer.meet(wanted).minus(guest.features)
        const beyond = table.in(missing(guest.features))
        return { guest, pool: label, gains: table.in(gains), beyond, worth: valuation.worth(gains) }
      })
    })
    .filter(({ gains, beyond }) => gains.length + beyond.length > 0)
    .sort(
      (a, b) =>
        b.beyond.length - a.beyond.length || b.worth - a.worth || bytewise(a.guest.name, b.guest.name),
    )
}

/** Of a guest's features, those that some of the groups are known to lack. */
function missingOnSome(groups: readonly Group[]): (features: FeatureSet) => FeatureSet {
  const known = groups.flatMap(({ evidence }) => evidence ?? [])
  const absent = known.reduce((all, evidence) => all.join(evidence.absent), FeatureSet.empty)
  const [first, ...rest] = groups.flatMap(({ evidence, features }) => (evidence ? [] : features))
  const common = first && rest.reduce((all, features) => all.meet(features), first)
  return features => {
    const missing = features.meet(absent)
    return common ? missing.join(features.minus(common)) : missing
  }
}

/** Whether guests rely on having it: for their security or speed. */
export const isGain = (feature: Feature): boolean =>
  !isHazard(feature) && (feature.class === 'security' || feature.class === 'performance')
