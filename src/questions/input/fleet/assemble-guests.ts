import { FeatureSet } from '../../../core/feature-set.ts'
import { bytewise } from '../../../core/text.ts'
import { makeFullGuest } from '../../../fleet/arrows.ts'
import type { FleetGuest } from '../../../fleet/guest.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import type { Context } from '../../context.ts'
import type { Note } from '../../words/note.ts'
import { baseOf, folderOf, stemOf } from './document.ts'
import { fits } from './fits.ts'
import type { GuestMember } from './member.ts'
import { type Placed, typedName } from './placed.ts'
import type { Rules } from './rules.ts'

/**
 * The guests, each on the host that its rule names or that the folder it lies in is called after. One whose CPU
 * is its host's has what that gives; where the host is not known, that is noted.
 */
export function assembleGuests(
  { db }: Context,
  found: readonly Placed<GuestMember>[],
  hosts: readonly FleetHost[],
  rules: Rules | undefined,
): { readonly guests: FleetGuest[]; readonly notes: Note[] } {
  const notes: Note[] = []
  const byName = hostsByWord(hosts)
  const full = makeFullGuest(db.features)
  const pools = new Set(hosts.map(({ pool }) => pool))
  const guests = found.map((guest): FleetGuest => {
    const { document, facts } = guest
    const said = rules?.guests.findLast(rule => fits(rule, document.path))
    const wanted = said?.says.host
    const host = wanted === undefined ? byName.get(baseOf(folderOf(document.path))) : byName.get(wanted)
    if (rules && said && wanted !== undefined && !host)
      throw rules.fault([...said.path, 'host'], `no host is called ${wanted}`)
    const name = facts.name || baseOf(stemOf(document.path))
    for (const note of guest.notes) notes.push({ ...note, source: typedName(guest) })
    const follows = facts.model === undefined && facts.mode !== undefined && facts.mode !== 'custom'
    if (follows && !host) {
      notes.push({ kind: 'guest-cpu-unknown', mode: facts.mode ?? '', source: typedName(guest) })
    }
    const { optional, ...known } = facts
    const taken = optional && host ? optional.meet(host.features) : FeatureSet.empty
    return {
      ...known,
      ...(taken.isEmpty ? {} : { features: facts.features.join(taken), required: facts.features }),
      ...(follows && host ? full(host) : {}),
      name,
      host: host?.name,
      pool: said?.says.pool ?? host?.pool ?? (pools.has(document.pool) ? document.pool : undefined),
    }
  })
  return { guests: guests.sort((a, b) => bytewise(a.name, b.name)), notes }
}

/** Hosts by name and, where only one ends so, by the last word of their names. */
function hostsByWord(hosts: readonly FleetHost[]): Map<string, FleetHost> {
  const words = new Map<string, FleetHost[]>()
  for (const host of hosts) {
    const word = baseOf(stemOf(host.name))
    words.set(word, [...(words.get(word) ?? []), host])
  }
  const byWord = [...words].flatMap(([word, [host, ...more]]) =>
    host && more.length === 0 ? [[word, host] as const] : [],
  )
  return new Map([...byWord, ...hosts.map(host => [host.name, host] as const)])
}
