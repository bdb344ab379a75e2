import { groupHosts } from './groups.ts'
import type { FleetGuest } from './guest.ts'
import type { FleetHost } from './host.ts'
import { Interner } from './interned.ts'
import { mayMove } from './obstacles.ts'
import { type FleetPool, poolsOf } from './pools.ts'

/** Where guests live: the hosts by name and pool. Guests move within their pool alone. */
export class Homes {
  readonly #byName: ReadonlyMap<string, FleetHost>
  readonly #pools: ReadonlyMap<string, FleetPool>
  readonly #sets = new Interner()
  /** How many hosts of a pool take a CPU, by both. */
  readonly #counts = new Map<string, number>()

  constructor(hosts: readonly FleetHost[]) {
    this.#byName = new Map(hosts.map(host => [host.name, host]))
    this.#pools = new Map(poolsOf(groupHosts(hosts)).map(pool => [pool.label, pool]))
  }

  /** The host that the guest runs on; undefined: it is off, or on none of these. */
  of({ host }: FleetGuest): FleetHost | undefined {
    return host === undefined ? undefined : this.#byName.get(host)
  }

  /** The hosts of the pool, group by group; of an unknown one none. */
  inPool(label: string): FleetHost[] {
    return this.#pools.get(label)?.groups.flatMap(({ hosts }) => hosts) ?? []
  }

  /** How many hosts of the pool take the guest, its own left out. Equal CPUs are counted once. */
  othersFor(guest: FleetGuest, label: string): number {
    const key = `${this.#sets.take(guest.features).key} ${guest.physBits ?? ''} ${guest.vendor ?? ' '} ${label}`
    const all = this.#counts.get(key) ?? this.#count(guest, label)
    this.#counts.set(key, all)
    const own = this.of(guest)
    return own && (own.pool ?? '') === label && mayMove(guest, own) ? all - 1 : all
  }

  #count(guest: FleetGuest, label: string): number {
    const open = this.#pools.get(label)?.groups.filter(group => mayMove(guest, group)) ?? []
    return open.reduce((sum, { hosts }) => sum + hosts.length, 0)
  }
}
