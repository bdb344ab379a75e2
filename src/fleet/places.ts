import type { FeatureTable } from '../core/feature-table.ts'
import { bytewise } from './bytewise.ts'
import { CpuKeys } from './cpu-keys.ts'
import type { Group } from './groups.ts'
import type { FleetGuest } from './guest.ts'
import type { FleetHost } from './host.ts'
import { mayMove, type Obstacle, obstaclesOf } from './obstacles.ts'

/** Where a guest may be. */
export interface Places {
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
export function placesOf(guests: readonly FleetGuest[], groups: readonly Group[]): Places[] {
  const keys = new CpuKeys()
  const known = new Map<string, readonly Group[]>()
  const names = new Map(groups.map(group => [group, new Set(group.hosts.map(({ name }) => name))]))
  return [...guests]
    .sort((a, b) => bytewise(a.name, b.name))
    .map(guest => {
      const key = keys.of(guest)
      const open = known.get(key) ?? groups.filter(group => mayMove(guest, group))
      known.set(key, open)
      const own = open.some(group => guest.host !== undefined && names.get(group)?.has(guest.host))
      const hosts = open.reduce((sum, group) => sum + group.hosts.length, 0)
      return { guest, groups: open, others: own ? hosts - 1 : hosts }
    })
}

/** The guests that have nowhere to go, in the order of their names, with what would have to change. */
export function stuckGuests(
  table: FeatureTable,
  guests: readonly FleetGuest[],
  groups: readonly Group[],
): StuckGuest[] {
  return placesOf(guests, groups)
    .filter(({ others }) => others === 0)
    .map(({ guest }) => ({ guest, why: whyNot(table, guest, groups) }))
}

function whyNot(table: FeatureTable, guest: FleetGuest, groups: readonly Group[]): StuckGuest['why'] {
  const elsewhere = groups.filter(({ hosts }) => hosts.some((host: FleetHost) => host.name !== guest.host))
  return elsewhere
    .map(group => ({ group, obstacles: obstaclesOf(table, guest, group) }))
    .filter(({ obstacles }) => obstacles.length > 0)
    .sort((a, b) => a.obstacles.length - b.obstacles.length)
}
