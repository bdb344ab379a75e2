import type { FeatureTable } from '../core/feature-table.ts'
import { bytewise } from './bytewise.ts'
import type { FleetGuest } from './guest.ts'
import type { FleetHost } from './host.ts'
import { mayMove, type Obstacle, obstaclesOf } from './obstacles.ts'

/** One host of a rolling upgrade: emptied, upgraded, and back. */
export interface DrainStep {
  readonly host: FleetHost
  readonly moves: readonly { readonly guest: FleetGuest; readonly to: FleetHost }[]
  /** Guests that no host takes at that time: they must be powered off. */
  readonly stuck: readonly StuckHere[]
}

/** A guest that cannot leave, with the host that it is closest to and what keeps it from there; none: no room. */
export interface StuckHere {
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
 * once; of several to the one with the fewest guests. Takes hosts × hosts × guests in the worst case: for a
 * pool, not for a hundred thousand hosts.
 */
export function drainOrder(
  table: FeatureTable,
  hosts: readonly FleetHost[],
  guests: readonly FleetGuest[],
  options: DrainOptions = {},
): DrainStep[] {
  const stations = hosts.map(host => ({ host, now: host, guests: [] as FleetGuest[], done: false }))
  const byName = new Map(stations.map(station => [station.host.name, station]))
  for (const guest of [...guests].sort((a, b) => bytewise(a.name, b.name))) {
    if (guest.host !== undefined) byName.get(guest.host)?.guests.push(guest)
  }
  stations.sort((a, b) => bytewise(a.host.name, b.host.name))
  const wanted = stations.filter(({ host }) => !options.only || options.only.has(host.name))
  const steps: DrainStep[] = []
  for (let left = wanted.length; left > 0; left--) {
    const next = nextOf(
      wanted.filter(station => !station.done),
      stations,
    )
    if (!next) break
    steps.push(drain(table, next, stations, options))
    next.now = options.after?.(next.host) ?? next.host
    next.done = true
  }
  return steps
}

interface Station {
  readonly host: FleetHost
  /** The host as it is at that time. */
  now: FleetHost
  guests: FleetGuest[]
  done: boolean
}

/** The first by stuck guests, then by those that will have to move again, then by guests, then by name. */
function nextOf(open: readonly Station[], all: readonly Station[]): Station | undefined {
  const without = (station: Station, others: readonly Station[]) =>
    station.guests.filter(guest => !others.some(other => other !== station && mayMove(guest, other.now)))
      .length
  const done = all.filter(station => station.done)
  const ranked = open.map(station => ({
    station,
    stuck: without(station, all),
    again: without(station, done),
  }))
  ranked.sort(
    (a, b) => a.stuck - b.stuck || a.again - b.again || a.station.guests.length - b.station.guests.length,
  )
  return ranked[0]?.station
}

function drain(
  table: FeatureTable,
  station: Station,
  all: readonly Station[],
  { room = () => Number.POSITIVE_INFINITY }: DrainOptions,
): DrainStep {
  const moves: { guest: FleetGuest; to: FleetHost }[] = []
  const stuck: StuckHere[] = []
  const others = all.filter(other => other !== station)
  for (const guest of station.guests) {
    const open = others.filter(other => mayMove(guest, other.now) && other.guests.length < room(other.host))
    const to = open.sort((a, b) => Number(b.done) - Number(a.done) || a.guests.length - b.guests.length)[0]
    if (to) {
      to.guests.push(guest)
      moves.push({ guest, to: to.host })
    } else stuck.push({ guest, ...nearest(table, guest, others) })
  }
  station.guests = stuck.map(({ guest }) => guest)
  return { host: station.host, moves, stuck }
}

/** The host that the guest is closest to, as it is now, and what keeps it from there; empty: there is no room. */
function nearest(
  table: FeatureTable,
  guest: FleetGuest,
  others: readonly Station[],
): Pick<StuckHere, 'obstacles' | 'nearest'> {
  const all = others.map(({ now }) => ({ obstacles: obstaclesOf(table, guest, now), nearest: now }))
  const [first = { obstacles: [], nearest: undefined }, ...rest] = all
  return rest.reduce(
    (least, found) => (found.obstacles.length < least.obstacles.length ? found : least),
    first,
  )
}
