import type { FeatureTable } from '../core/feature-table.ts'
import { bytewise } from './bytewise.ts'
import type { FleetGuest } from './guest.ts'
import { Homes } from './homes.ts'
import type { FleetHost } from './host.ts'
import { mayMove, type Obstacle, obstaclesOf } from './obstacles.ts'

/** What a change to the fleet means to a guest that runs now. */
export interface GuestDelta {
  readonly guest: FleetGuest
  /**
   * Of its own host: `gone`: it must be moved or stopped before; `closed`: the host is there and no longer
   * takes it, so it can neither come back nor be started there as it is.
   */
  readonly own: 'stays' | 'gone' | 'closed'
  /** How many other hosts of its pool take it, before and after. */
  readonly before: number
  readonly after: number
  /** Had another place and has none. */
  readonly stuck: boolean
  /** Had no other place and has one. */
  readonly freed: boolean
  /** Of a closed host: what keeps it from there; of a stuck guest: from the host of its pool it is closest to. */
  readonly why: readonly Obstacle[]
}

/** The guests to which the change means something, bytewise by name. Guests that are off are passed over. */
export function guestDeltas(
  table: FeatureTable,
  guests: readonly FleetGuest[],
  before: readonly FleetHost[],
  after: readonly FleetHost[],
): GuestDelta[] {
  const [old, young] = [new Homes(before), new Homes(after)]
  return guests
    .flatMap(guest => {
      const home = old.of(guest)
      if (!home) return []
      const delta = deltaOf(table, guest, home, old, young)
      return delta.own !== 'stays' || delta.stuck || delta.freed ? [delta] : []
    })
    .sort((a, b) => bytewise(a.guest.name, b.guest.name))
}

function deltaOf(
  table: FeatureTable,
  guest: FleetGuest,
  home: FleetHost,
  old: Homes,
  young: Homes,
): GuestDelta {
  const now = young.of(guest)
  const pool = home.pool ?? ''
  const [before, after] = [old.othersFor(guest, pool), young.othersFor(guest, pool)]
  const own = !now ? 'gone' : mayMove(guest, now) ? 'stays' : 'closed'
  const stuck = before > 0 && after === 0
  const closed = now && own === 'closed' ? [now] : undefined
  const others = stuck ? young.inPool(pool).filter(({ name }) => name !== guest.host) : []
  return {
    guest,
    own,
    before,
    after,
    stuck,
    freed: before === 0 && after > 0,
    why: nearest(table, guest, closed ?? others),
  }
}

/** What keeps the guest from the host that it is closest to; of no hosts: nothing. */
export function nearest(
  table: FeatureTable,
  guest: FleetGuest,
  hosts: readonly FleetHost[],
): readonly Obstacle[] {
  const all = hosts.map(host => obstaclesOf(table, guest, host))
  return all.reduce((least, found) => (found.length < least.length ? found : least), all[0] ?? [])
}
