import type { FleetHost } from '../../../fleet/host.ts'
import type { Note } from '../../words/note.ts'
import type { GuestMember, HostMember, HypervisorFacts } from './members.ts'
import { baseOf, type FleetDocument, hostStemOf, stemOf } from './members.ts'

/** A member with its place. */
export interface Placed<T> {
  readonly document: FleetDocument
  /** Its number among the document's members, from 1; 0: it is the only one. */
  readonly number: number
  /** What the document, which holds several, calls it. */
  readonly called?: string | undefined
  readonly facts: T
  readonly notes: readonly Note[]
}

/** The documents' members by what they are, each hypervisor with its host. */
interface PlacedMembers {
  readonly hosts: readonly Placed<HostMember>[]
  readonly guests: readonly Placed<GuestMember>[]
}

/**
 * Sorts members out. A hypervisor's description belongs to the only host of its document, or to the host that the
 * document calls the same, or to the host whose document is called alike (`node-1.xml` and `node-1.domcaps.xml`); else
 * it stands for its host by itself.
 */
export function placed(documents: readonly FleetDocument[]): PlacedMembers {
  const hosts: Placed<HostMember>[] = []
  const guests: Placed<GuestMember>[] = []
  const hypervisors: Placed<HypervisorFacts>[] = []
  for (const document of documents) {
    const described = document.members.filter(({ kind }) => kind === 'hypervisor').length
    const many = Math.max(described, document.members.length - described) > 1
    document.members.forEach(({ kind, facts, notes, called }, i) => {
      const place = { document, number: many ? i + 1 : 0, notes, called: many ? called : undefined }
      if (kind === 'host') hosts.push({ ...place, facts })
      else if (kind === 'guest') guests.push({ ...place, facts })
      else hypervisors.push({ ...place, facts })
    })
  }
  return { hosts: hypervisors.length === 0 ? hosts : joined(hosts, hypervisors), guests }
}

function joined(
  hosts: readonly Placed<HostMember>[],
  hypervisors: readonly Placed<HypervisorFacts>[],
): Placed<HostMember>[] {
  const given = new Map<Placed<HostMember>, Placed<HypervisorFacts>>()
  const alone: Placed<HostMember>[] = []
  const [byPath, byStem] = [indexed(hosts, pathOf), indexed(hosts, ({ document }) => stemOf(document.path))]
  const byName = indexed(hosts, nameInDocument)
  for (const hypervisor of hypervisors) {
    const { path } = hypervisor.document
    const named = hypervisor.called === undefined ? undefined : byName.get(nameInDocument(hypervisor))
    const host = named ?? byPath.get(path) ?? byStem.get(hostStemOf(path))
    if (host && !given.has(host)) given.set(host, hypervisor)
    else alone.push({ ...hypervisor, notes: [...hypervisor.notes, { kind: 'hypervisor-only' }] })
  }
  return [...hosts.map(host => withHypervisor(host, given.get(host))), ...alone]
}

const nameInDocument = ({ document, called }: Placed<unknown>): string => `${document.path}\n${called ?? ''}`

const pathOf = ({ document }: Placed<unknown>): string => document.path

/** By key, where only one has it. */
function indexed<T>(list: readonly Placed<T>[], keyOf: (one: Placed<T>) => string): Map<string, Placed<T>> {
  const found = new Map<string, Placed<T>>()
  const several = new Set<string>()
  for (const one of list) {
    const key = keyOf(one)
    if (found.has(key)) several.add(key)
    found.set(key, one)
  }
  for (const key of several) found.delete(key)
  return found
}

/** What the hypervisor gives of the host's CPU. What that has by itself stays known. */
function withHypervisor(
  host: Placed<HostMember>,
  hypervisor: Placed<HypervisorFacts> | undefined,
): Placed<HostMember> {
  if (!hypervisor) return host
  const { features, models, offered, physBits, hypervisor: name, emulatorModels, readFrom } = hypervisor.facts
  const notes = [...host.notes, ...hypervisor.notes]
  // A list of names tells nothing of what is given.
  if (emulatorModels && models.size === 0) return { ...host, facts: { ...host.facts, emulatorModels }, notes }
  const more = {
    hardwareFeatures: host.facts.features,
    features,
    models,
    offered,
    physBits: host.facts.physBits ?? physBits,
    hypervisor: host.facts.hypervisor ?? name,
    readFrom: [...(host.facts.readFrom ?? []), ...(readFrom ?? [])],
  }
  return { ...host, facts: { ...host.facts, ...more }, notes }
}

/** `path/as/typed.xml`, with `#N` where a document has several. */
export const typedName = ({ document, number, called }: Placed<unknown>): string =>
  called ?? document.name + suffix(number)

/** What pairs a host with itself in another reading. */
export const pairingPath = ({ document, number }: Placed<unknown>): string => document.path + suffix(number)

/** The last word of the path without the format's ending; where several would be called so, the whole path. */
export function shortGuestNames(list: readonly Placed<unknown>[]): Map<Placed<unknown>, string> {
  const stem = ({ document }: Placed<unknown>) => hostStemOf(document.path)
  const counts = new Map<string, number>()
  for (const stemmed of new Set(list.map(stem))) {
    counts.set(baseOf(stemmed), (counts.get(baseOf(stemmed)) ?? 0) + 1)
  }
  return new Map(
    list.map(one => {
      const whole = stem(one)
      const short = baseOf(whole)
      return [one, (counts.get(short) === 1 ? short : whole) + suffix(one.number)]
    }),
  )
}

const suffix = (number: number): string => (number === 0 ? '' : `#${number}`)

/** The facts that a host must not lose when another source says nothing of them. */
export const defined = <T extends Partial<FleetHost>>(facts: T): T =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T
