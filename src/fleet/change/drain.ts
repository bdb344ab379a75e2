import { type Feature, isHazard } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { bytewise } from '../../core/text.ts'
import type { Fleet } from '../fleet.ts'
import { baselineOf, groupHosts, splitIntoPools } from '../groups.ts'
import { type FleetGuest, groupGuestsByPool } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import { CpuKinds, findMissing, findObstacles, type Obstacle } from '../obstacles.ts'
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
 * once; of several to the one with the fewest guests. Takes hosts × guests × kinds of CPU.
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
  for (const guest of [...guests].sort((a, b) => bytewise(a.name, b.name))) {
    byName.get(guest.host ?? '')?.guests.push({ guest, kind: kinds.numberOf(guest) })
  }
  const open = new Set(stations.filter(({ host }) => !options.only || options.only.has(host.name)))
  const steps: DrainStep[] = []
  for (let next = pickNext(kinds, open, stations); next; next = pickNext(kinds, open, stations)) {
    steps.push(drainHost(table, kinds, next, stations, options))
    open.delete(next)
    next.now = options.after?.(next.host) ?? next.host
    next.kind = kinds.numberOf(next.now)
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
  const others = all.filter(other => other !== station)
  for (const running of station.guests) {
    const { guest, kind } = running
    const open = others.filter(
      other => kinds.canMove(kind, other.kind) && other.guests.length < room(other.host),
    )
    const to = open.reduce<DrainState | undefined>(
      (best, other) => (isBetter(other, best) ? other : best),
      undefined,
    )
    if (to) {
      to.guests.push(running)
      moves.push({ guest, to: to.host })
    } else stuck.push({ ...running, ...findNearest(table, guest, others) })
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

/** The host that the guest is closest to, as it is now, and what keeps it from there; empty: there is no room. */
function findNearest(
  table: FeatureTable,
  guest: FleetGuest,
  others: readonly DrainState[],
): Pick<StuckInStep, 'obstacles' | 'nearest'> {
  const all = others.map(({ now }) => ({ obstacles: findObstacles(table, guest, now), nearest: now }))
  const [first = { obstacles: [], nearest: undefined }, ...rest] = all
  return rest.reduce(
    (least, found) => (found.obstacles.length < least.obstacles.length ? found : least),
    first,
  )
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

/** Of the open stations the first by stuck guests, then by those that will have to move again, then by guests, then by order. */
function pickNext(
  kinds: CpuKinds,
  open: ReadonlySet<DrainState>,
  all: readonly DrainState[],
): DrainState | undefined {
  const [every, done] = [countByKind(all), countByKind(all.filter(station => station.done))]
  const ranked = Array.from(open, station => {
    const others = new Map(every).set(station.kind, (every.get(station.kind) ?? 0) - 1)
    return { station, stuck: countStuck(kinds, station, others), again: countStuck(kinds, station, done) }
  })
  ranked.sort(
    (a, b) => a.stuck - b.stuck || a.again - b.again || a.station.guests.length - b.station.guests.length,
  )
  return ranked[0]?.station
}

/** How many stations there are of each kind of CPU. */
function countByKind(stations: readonly DrainState[]): Map<number, number> {
  const tally = new Map<number, number>()
  for (const { kind } of stations) tally.set(kind, (tally.get(kind) ?? 0) + 1)
  return tally
}

/** How many of the station's guests go to none of the tally. */
function countStuck(kinds: CpuKinds, { guests }: DrainState, tally: ReadonlyMap<number, number>): number {
  const open = [...tally].flatMap(([kind, count]) => (count > 0 ? kind : []))
  return guests.filter(guest => !open.some(kind => kinds.canMove(guest.kind, kind))).length
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
      return (members.get(label) ?? []).map(guest => {
        const gains = offer.meet(wanted).minus(guest.features)
        const beyond = table.in(
          groups.reduce((all, group) => all.join(findMissing(guest, group).missing), FeatureSet.empty),
        )
        return { guest, pool: label, gains: table.in(gains), beyond, worth: valuation.worth(gains) }
      })
    })
    .filter(({ gains, beyond }) => gains.length + beyond.length > 0)
    .sort(
      (a, b) =>
        b.beyond.length - a.beyond.length || b.worth - a.worth || bytewise(a.guest.name, b.guest.name),
    )
}

const isGain = (feature: Feature): boolean =>
  !isHazard(feature) && (feature.class === 'security' || feature.class === 'performance')
