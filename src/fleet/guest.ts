import type { Mode } from '../core/cpu.ts'
import type { FeatureSet } from '../core/feature-set.ts'
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
  /** How many virtual CPUs it has. */
  readonly vcpus?: number | undefined
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
