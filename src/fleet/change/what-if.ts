import type { Database } from '../../map/database.ts'
import type { Effect } from '../../map/effects.ts'
import { FleetFacts } from '../causes/peers.ts'
import { groupHosts } from '../groups.ts'
import type { FleetHost } from '../host.ts'
import { applyEffect, dropEffect, isAffected } from './apply.ts'

/** Something that may be done to a fleet. */
export type FleetChange =
  | { readonly kind: 'add'; readonly host: FleetHost }
  /** `replace`: the other host takes over name, pool and weight. */
  | { readonly kind: 'replace'; readonly name: string; readonly by: FleetHost }
  | { readonly kind: 'remove'; readonly name: string }
  /** Of the hosts with these names; absent: of all that it concerns. */
  | { readonly kind: 'apply' | 'drop'; readonly effect: Effect; readonly hosts?: ReadonlySet<string> }

/** What became of a fleet. */
interface ChangedFleet {
  readonly hosts: readonly FleetHost[]
  /** For each change, in order, the names of the hosts that are not as they were. */
  readonly touched: readonly (readonly string[])[]
}

/** The fleet after the changes, one after the other. Hosts that are removed or replaced must be there. @throws RangeError */
export function changeFleet(
  db: Database,
  hosts: readonly FleetHost[],
  changes: readonly FleetChange[],
): ChangedFleet {
  let now = hosts
  const touched: string[][] = []
  for (const change of changes) {
    const next = applyChange(db, now, change)
    const old = new Set(now)
    touched.push(
      change.kind === 'remove' ? [change.name] : next.filter(host => !old.has(host)).map(({ name }) => name),
    )
    now = next
  }
  return { hosts: now, touched }
}

function applyChange(db: Database, hosts: readonly FleetHost[], change: FleetChange): FleetHost[] {
  switch (change.kind) {
    case 'add':
      return [...hosts, change.host]
    case 'remove':
      return hosts.filter(host => host !== findHost(hosts, change.name))
    case 'replace': {
      const { name, pool, weight } = findHost(hosts, change.name)
      return hosts.map(host => (host.name === name ? { ...change.by, name, pool, weight } : host))
    }
    case 'apply':
      return hosts.map(host => (isSelected(change.hosts, host) ? applyEffect(change.effect, host) : host))
    case 'drop':
      return applyDrop(db, hosts, change.effect, change.hosts)
  }
}

function applyDrop(
  db: Database,
  hosts: readonly FleetHost[],
  effect: Effect,
  only: ReadonlySet<string> | undefined,
): FleetHost[] {
  const groups = groupHosts(hosts)
  const facts = new FleetFacts(db, groups)
  const groupOf = new Map(groups.flatMap(group => group.hosts.map(host => [host, group])))
  return hosts.map(host => {
    const group = isSelected(only, host) && isAffected(effect, host) ? groupOf.get(host) : undefined
    return group ? dropEffect(facts, effect, group, host) : host
  })
}

const isSelected = (only: ReadonlySet<string> | undefined, { name }: FleetHost): boolean =>
  only?.has(name) ?? true

function findHost(hosts: readonly FleetHost[], name: string): FleetHost {
  const host = hosts.find(one => one.name === name)
  if (!host) throw new RangeError(`no host is called ${name}`)
  return host
}
