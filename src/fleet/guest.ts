import type { Mode } from '../core/cpu.ts'
import { Evidence } from '../core/evidence.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import type { FleetHost } from './host.ts'
import type { CpuFacts } from './obstacles.ts'

/** A guest, with the CPU that it was started with: it keeps that until it is powered off. */
export interface FleetGuest extends CpuFacts {
  readonly name: string
  readonly uuid?: string | undefined
  /** The name of the host it runs on; absent: it is off, or that is not known. */
  readonly host?: string | undefined
  /** Label of the pool it belongs to; absent: its host's. */
  readonly pool?: string | undefined
  /** What it cannot be started without, where that is less than what it has: some it takes only if its host has it. */
  readonly required?: FeatureSet | undefined
  /** How its definition says what CPU it has; absent: `custom`, by model and features. */
  readonly mode?: Mode | undefined
  /** The model its definition names. */
  readonly model?: string | undefined
  /** What its definition turns off; absent: nothing. */
  readonly without?: FeatureSet | undefined
  /** What it got where it runs, and its definition does not ask for. */
  readonly unasked?: readonly ('vendor' | 'physBits')[] | undefined
  /** How many virtual CPUs it has. */
  readonly vcpus?: number | undefined
  /** How many threads each of its cores has, where its definition says so. */
  readonly threads?: number | undefined
  /** Whether what was read of it is what it has as it runs; absent: that is not said. */
  readonly isLive?: true | undefined
  /** What it was read from: an XML element, or the name of a dialect; absent: not said. */
  readonly document?: string | undefined
}

/** Whether its CPU is its host's, and nobody listed what that is. */
export const followsHost = ({ mode, model }: FleetGuest): boolean =>
  model === undefined && mode !== undefined && mode !== 'custom'

/** Whether its definition says all of its CPU: it names a model that is known. */
export const isWhole = ({ model, unknownModel }: FleetGuest): boolean =>
  model !== undefined && unknownModel === undefined

/**
 * What is known of a guest's CPU by its definition alone: all of it where that names a known model, else what it lists and
 * turns off.
 */
export function evidenceOfGuest(table: FeatureTable, guest: FleetGuest): Evidence {
  const { features, without = FeatureSet.empty } = guest
  if (isWhole(guest)) return Evidence.recorded(features, table.all)
  const listed = followsHost(guest) ? FeatureSet.empty : features
  return Evidence.recorded(listed, listed.join(without))
}

/**
 * The guests by the label of their pool: the one that they name themselves, else their host's, else the only one
 * there is. Guests move within their pool alone; one of which nothing is known is in none.
 */
export function groupGuestsByPool(
  guests: readonly FleetGuest[],
  hosts: readonly FleetHost[],
): Map<string, FleetGuest[]> {
  const labels = new Map(hosts.map(({ name, pool = '' }) => [name, pool]))
  const all = [...new Set(labels.values())]
  const only = all.length === 1 ? all[0] : undefined
  const pools = new Map<string, FleetGuest[]>()
  for (const guest of guests) {
    const label = guest.pool ?? (guest.host === undefined ? only : labels.get(guest.host))
    if (label === undefined) continue
    const list = pools.get(label)
    if (list) list.push(guest)
    else pools.set(label, [guest])
  }
  return pools
}

/** The same of a fleet, once: each of a thousand pools asks for its own. */
export const guestsByPoolOf = oncePer(({ guests, hosts }: GuestsAndHosts) => groupGuestsByPool(guests, hosts))

interface GuestsAndHosts {
  readonly guests: readonly FleetGuest[]
  readonly hosts: readonly FleetHost[]
}
