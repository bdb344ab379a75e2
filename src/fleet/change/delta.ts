import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { bytewise, groupBy } from '../../core/text.ts'
import { type Level, levelOf } from '../../map/levels.ts'
import { baselineOf, countHosts, type FleetPool, type Group, groupHosts, splitIntoPools } from '../groups.ts'
import { type FleetGuest, groupGuestsByPool } from '../guest.ts'
import { termsOfStart } from '../guest-terms.ts'
import type { FleetHost } from '../host.ts'
import { canMove, findObstacles, type Obstacle } from '../obstacles.ts'
import { findPlaces } from '../places.ts'
import { sumWeights, type Valuation } from '../value.ts'

/** What a pool is worth as it stands. */
export interface PoolState {
  readonly pool: FleetPool
  readonly hosts: number
  /** The sum of its hosts' weights. */
  readonly weight: number
  readonly baseline: FeatureSet
  readonly level: Level | undefined
  /** Its weight times the worth of its baseline. */
  readonly value: number
}

/** A pool before and after: undefined where it is not there. */
export interface PoolDelta {
  readonly label: string
  readonly before: PoolState | undefined
  readonly after: PoolState | undefined
  /** What its guests get now and did not get before; of a new or gone pool nothing, here and below. */
  readonly gained: FeatureSet
  /** What they got and no longer get: a host is known not to give it. */
  readonly lost: FeatureSet
  /** What they got, and of which nobody knows of some host whether it gives it; none is known not to. */
  readonly unknown: FeatureSet
}

/** Every pool of either fleet, bytewise by label, with what became of it. */
export function comparePools(
  valuation: Valuation,
  levels: readonly Level[],
  before: readonly FleetHost[],
  after: readonly FleetHost[],
): PoolDelta[] {
  const [old, young] = [before, after].map(hosts => computeStates(valuation, levels, hosts))
  const labels = [...new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])])].sort(bytewise)
  return labels.map(label => {
    const [was, is] = [old?.get(label), young?.get(label)]
    if (!was || !is) return { label, before: was, after: is, ...NO_DIFFERENCE }
    const taken = was.baseline.minus(is.baseline)
    const lost = is.pool.groups.reduce((all, group) => all.join(refusedBy(group, taken)), FeatureSet.empty)
    const gained = is.baseline.minus(was.baseline)
    return { label, before: was, after: is, gained, lost, unknown: taken.minus(lost) }
  })
}

const NO_DIFFERENCE = { gained: FeatureSet.empty, lost: FeatureSet.empty, unknown: FeatureSet.empty }

/** Of `features`: what guests of the group are known not to get. */
function refusedBy({ evidence, offered, withheld, unsure }: Group, features: FeatureSet): FeatureSet {
  const missing = features.minus(offered)
  return evidence ? missing.meet(evidence.absent.join(withheld)) : missing.minus(unsure)
}

/** Whether anything that is reported about a pool has changed. */
export const isPoolChanged = ({ before, after, gained, lost, unknown }: PoolDelta): boolean =>
  before?.hosts !== after?.hosts ||
  before?.value !== after?.value ||
  before?.weight !== after?.weight ||
  !gained.isEmpty ||
  !lost.isEmpty ||
  !unknown.isEmpty

/** A pool as it stands. */
function computeState(valuation: Valuation, levels: readonly Level[], pool: FleetPool): PoolState {
  const baseline = baselineOf(pool.groups)
  const weight = sumWeights(pool.groups)
  return {
    pool,
    hosts: countHosts(pool.groups),
    weight,
    baseline,
    level: levelOf(levels, baseline),
    value: weight * valuation.worth(baseline),
  }
}

const computeStates = (
  valuation: Valuation,
  levels: readonly Level[],
  hosts: readonly FleetHost[],
): Map<string, PoolState> =>
  new Map(splitIntoPools(groupHosts(hosts)).map(pool => [pool.label, computeState(valuation, levels, pool)]))

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
  /** That host, as it is then; absent: there is none. */
  readonly kept: FleetHost | undefined
}

/**
 * The guests to which the change means something, bytewise by name. A guest goes with its host to another pool; guests
 * in no pool are passed over.
 */
export function compareGuests(
  table: FeatureTable,
  guests: readonly FleetGuest[],
  before: readonly FleetHost[],
  after: readonly FleetHost[],
): GuestDelta[] {
  const [old, young] = [before, after].map(hosts => splitIntoPools(groupHosts(hosts)))
  const groupsOf = (pools: readonly FleetPool[] | undefined, label: string) =>
    pools?.find(pool => pool.label === label)?.groups ?? []
  const byName = (hosts: readonly FleetHost[]) => new Map(hosts.map(host => [host.name, host]))
  const homes = { before: byName(before), after: byName(after) }
  const deltas = [...groupGuestsByPool(guests, before)].flatMap(([label, list]) => {
    const had = new Map(findPlaces(list, groupsOf(old, label)).map(({ guest, others }) => [guest, others]))
    return [...groupBy(list, guest => findLabel(guest, label, homes))].flatMap(([now, part]) => {
      const groups = groupsOf(young, now)
      const pool = groups.flatMap(({ hosts }) => hosts)
      return findPlaces(part, groups).map(({ guest, others }) =>
        compareGuest(table, guest, [had.get(guest) ?? 0, others], homes, pool),
      )
    })
  })
  return deltas.filter(isAffectedGuest).sort((a, b) => bytewise(a.guest.name, b.guest.name))
}

interface Homes {
  readonly before: ReadonlyMap<string, FleetHost>
  readonly after: ReadonlyMap<string, FleetHost>
}

/** The pool that a guest is in afterwards: that of its host, where the host went to another one. */
function findLabel({ host = '' }: FleetGuest, label: string, { before, after }: Homes): string {
  const [was, is] = [before.get(host), after.get(host)]
  return was && is && was.pool !== is.pool ? (is.pool ?? '') : label
}

const isAffectedGuest = ({ own, stuck, freed }: GuestDelta): boolean => own !== 'stays' || stuck || freed

function compareGuest(
  table: FeatureTable,
  guest: FleetGuest,
  [before, after]: readonly [number, number],
  homes: Homes,
  pool: readonly FleetHost[],
): GuestDelta {
  const [was, home] = [homes.before, homes.after].map(hosts => hosts.get(guest.host ?? ''))
  const own =
    guest.host === undefined ? 'stays' : !home ? 'gone' : isClosed(guest, was, home) ? 'closed' : 'stays'
  const stuck = before > 0 && after === 0
  const others = stuck ? pool.filter(({ name }) => name !== guest.host) : []
  return {
    guest,
    own,
    before,
    after,
    stuck,
    freed: before === 0 && after > 0,
    ...findNearest(table, guest, own === 'closed' && home ? [home] : others),
  }
}

/** Whether the host took the guest and no longer does: what documents said against it before is no change. */
const isClosed = (guest: FleetGuest, before: FleetHost | undefined, after: FleetHost): boolean =>
  !runsOn(guest, after) && (before === undefined || runsOn(guest, before))

/** Whether a guest that runs there still can: what keeps it from others does not count. */
const runsOn = (guest: FleetGuest, home: FleetHost): boolean =>
  canMove({ ...guest, terms: guest.terms && termsOfStart(guest.terms) }, home)

/** The host that the guest is closest to, and what keeps it from there; of several the first. */
function findNearest(
  table: FeatureTable,
  guest: FleetGuest,
  hosts: readonly FleetHost[],
): Pick<GuestDelta, 'why' | 'kept'> {
  const all = hosts.map(kept => ({ kept, why: findObstacles(table, guest, kept) }))
  const [first = { kept: undefined, why: [] }, ...rest] = all
  return rest.reduce((least, found) => (found.why.length < least.why.length ? found : least), first)
}
