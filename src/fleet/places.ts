import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { bytewise } from '../core/text.ts'
import type { Database } from '../map/database.ts'
import type { Group } from './groups.ts'
import type { FleetGuest } from './guest.ts'
import { termsOfStart } from './guest-terms.ts'
import type { FleetHost } from './host.ts'
import { type CpuFacts, CpuKeys, canMove, findObstacles, type Obstacle } from './obstacles.ts'

/** Where a guest may be. */
export interface PossiblePlaces {
  readonly guest: FleetGuest
  /** The groups on whose hosts it runs safely, in the order given. */
  readonly groups: readonly Group[]
  /** How many hosts they have, its own left out. */
  readonly others: number
}

/** A guest that no other host takes: if its host dies or is drained, it must be powered off. */
export interface StuckGuest {
  readonly guest: FleetGuest
  /** For each group of other hosts, what keeps the guest out, the fewest obstacles first. */
  readonly why: readonly { readonly group: Group; readonly obstacles: readonly Obstacle[] }[]
}

/** Where each guest may be, in the order of their names. Guests with equal CPUs are looked at once. */
export function findPlaces(guests: readonly FleetGuest[], groups: readonly Group[]): PossiblePlaces[] {
  const keys = new CpuKeys()
  const known = new Map<string, readonly Group[]>()
  const names = new Map(
    groups.map(group => [
      group,
      new Set(group.hosts.flatMap(({ name, isHypothetical }) => (isHypothetical ? [] : name))),
    ]),
  )
  return [...guests]
    .sort((a, b) => bytewise(a.name, b.name))
    .map(guest => {
      const key = keys.keyOf(guest)
      const open = known.get(key) ?? groups.filter(group => canMove(guest, group))
      known.set(key, open)
      // Where it runs it can run, whatever documents say of that host; of others like it that proves nothing.
      const home = groups.find(group => guest.host !== undefined && names.get(group)?.has(guest.host))
      const isOpen = home !== undefined && open.includes(home)
      const isAlone = home?.hosts.length === 1 && !isOpen
      const possible = isAlone ? groups.filter(one => one === home || open.includes(one)) : open
      const hosts = open.reduce((sum, group) => sum + group.hosts.length, 0)
      return { guest, groups: possible, others: isOpen ? hosts - 1 : hosts }
    })
}

/** The guests that have nowhere to go, in the order of their names, with what would have to change. */
export function findStuckGuests(
  table: FeatureTable,
  guests: readonly FleetGuest[],
  groups: readonly Group[],
): StuckGuest[] {
  return findPlaces(guests, groups)
    .filter(({ others }) => others === 0)
    .map(({ guest }) => ({ guest, why: explainStuck(table, guest, groups) }))
}

function explainStuck(table: FeatureTable, guest: FleetGuest, groups: readonly Group[]): StuckGuest['why'] {
  const elsewhere = groups.filter(({ hosts }) => hosts.some((host: FleetHost) => host.name !== guest.host))
  return elsewhere
    .map(group => ({ group, obstacles: findObstacles(table, guest, group) }))
    .filter(({ obstacles }) => obstacles.length > 0)
    .sort((a, b) => a.obstacles.length - b.obstacles.length)
}

/**
 * What keeps a guest, by its facts of a start, from being started on such a host, powered off before; empty: it starts. One that takes its
 * host's CPU (host-passthrough, maximum, host-model) starts anywhere, as another CPU: it is bound to what it got
 * only while it runs. Where the host's hypervisor was recorded, its word on a named model counts, as it does for
 * libvirt: of a model that it can give as it is, bits are not compared.
 */
export function findStartObstacles(db: Database, guest: CpuFacts, host: CpuFacts): Obstacle[] {
  const { requestedModel } = guest
  const blockers = requestedModel && host.models?.get(requestedModel.name)
  if (requestedModel && !blockers && (!host.models || requestedModel.replaceable)) {
    return findObstacles(db.features, { ...guest, requestedModel: undefined }, host)
  }
  const model = requestedModel && blockers?.length === 0 && db.model(requestedModel.name)
  const features = model ? guest.features.minus(model.features) : guest.features
  return findObstacles(db.features, { ...guest, features }, host)
}

/** What the guest relies on when it is started, by its definition: what it got where it runs does not count. */
export function factsOfStart(running: FleetGuest): CpuFacts {
  const guest = asDefined(running)
  return followsHost(guest)
    ? { features: FeatureSet.empty, terms: guest.terms }
    : { ...guest, features: guest.required ?? guest.features }
}

/** The guest as its definition asks for it, without what it got where it runs. */
const asDefined = ({ vendor, physBits, unasked = [], terms, ...guest }: FleetGuest): FleetGuest => ({
  ...guest,
  vendor: unasked.includes('vendor') ? undefined : vendor,
  physBits: unasked.includes('physBits') ? undefined : physBits,
  terms: terms && termsOfStart(terms),
})

/** Whether the guest has whatever CPU its host has. */
const followsHost = ({ mode, model }: FleetGuest): boolean =>
  mode !== undefined && mode !== 'custom' && model === undefined
