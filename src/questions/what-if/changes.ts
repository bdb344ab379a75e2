import type { FleetChange } from '../../fleet/change/what-if.ts'
import type { FleetHost } from '../../fleet/host.ts'
import type { Context } from '../context.ts'
import { hostNamed, hostsNamed } from '../input/fleet/host-named.ts'
import { effectNamed } from './compute.ts'

/** Changes as they are asked for; made in this order. */
export interface WantedChanges {
  /** Names of hosts; `*` stands for any characters. */
  readonly remove?: readonly string[] | undefined
  readonly replace?: readonly { readonly host: string; readonly by: FleetHost }[] | undefined
  readonly add?: readonly { readonly pool?: string | undefined; readonly host: FleetHost }[] | undefined
  /** `EFFECT` or `EFFECT@HOST` */
  readonly drop?: readonly string[] | undefined
  readonly apply?: readonly string[] | undefined
}

/** The changes, with their names looked up. @throws BadRequest for a name that means nothing */
export function changesOf(
  context: Context,
  hosts: readonly FleetHost[],
  { remove = [], replace = [], add = [], drop = [], apply = [] }: WantedChanges,
): FleetChange[] {
  const taken = new Set(hosts.map(({ name }) => name))
  const effect = (kind: 'apply' | 'drop', text: string) => effectChange(context, hosts, kind, text)
  return [
    ...remove.flatMap(pattern => hostsNamed(hosts, pattern)).map(name => ({ kind: 'remove', name }) as const),
    ...replace.map(({ host, by }) => ({ kind: 'replace', name: hostNamed(hosts, host).name, by }) as const),
    ...add.map(
      ({ pool, host }) =>
        ({ kind: 'add', host: { ...host, name: freeName(taken, host.name), pool } }) as const,
    ),
    ...drop.map(text => effect('drop', text)),
    ...apply.map(text => effect('apply', text)),
  ]
}

function effectChange(
  context: Context,
  hosts: readonly FleetHost[],
  kind: 'apply' | 'drop',
  text: string,
): FleetChange {
  const at = text.indexOf('@')
  if (at < 0) return { kind, effect: effectNamed(context, text) }
  const only = new Set(hostsNamed(hosts, text.slice(at + 1)))
  return { kind, effect: effectNamed(context, text.slice(0, at)), hosts: only }
}

/** A host of a name that is taken is another one all the same. */
function freeName(taken: Set<string>, name: string): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name} (${n})`
  taken.add(free)
  return free
}
