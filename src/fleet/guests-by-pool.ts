import type { FleetGuest } from './guest.ts'
import type { FleetHost } from './host.ts'

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
