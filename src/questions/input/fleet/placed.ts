import type { FleetHost } from '../../../fleet/host.ts'
import type { HostReport } from '../../../formats/found.ts'
import type { Note } from '../../words/note.ts'
import type { GuestMember, HostMember, HypervisorFacts, Member, OwnFacts } from './members.ts'
import { baseOf, type FleetDocument, hostStemOf, isGeneric, labelOf } from './members.ts'

/** A member with its place. */
export interface Placed<T> {
  readonly document: FleetDocument
  /** Its number among the document's members, from 1; 0: it is the only one. */
  readonly number: number
  /** Whether the document has one host. */
  readonly isAlone: boolean
  /** What the document, which holds several, calls it. */
  readonly called?: string | undefined
  /** What the document calls it, whether it holds several or not. */
  readonly said?: string | undefined
  /** The architecture of the fleet that it belongs to. */
  readonly arch: string
  /** The host's report in which it stands. */
  readonly report?: HostReport | undefined
  /** Of a host that was joined: the keys of the reports in which it is. */
  readonly reports?: ReadonlySet<string> | undefined
  /** Of a host that was joined: the documents in which it is. */
  readonly documents?: ReadonlySet<FleetDocument> | undefined
  readonly facts: T
  /** What counts instead of that in the facts, where hosts share them. */
  readonly own?: OwnFacts | undefined
  readonly notes: readonly Note[]
}

/** With facts of its own. */
export const settled = <T extends object>(place: Placed<T>): Placed<T> =>
  place.own ? { ...place, facts: { ...place.facts, ...place.own }, own: undefined } : place

/** A member that describes a host: its CPU, or what its hypervisor gives. */
export type HostDocument =
  | { readonly kind: 'host'; readonly place: Placed<HostMember> }
  | { readonly kind: 'hypervisor'; readonly place: Placed<HypervisorFacts> }

/** The documents' members by what they are. */
interface PlacedMembers {
  /** What describes hosts. */
  readonly parts: readonly HostDocument[]
  readonly guests: readonly Placed<GuestMember>[]
}

/** Sorts members out. */
export function placed(documents: readonly FleetDocument[]): PlacedMembers {
  const parts: HostDocument[] = []
  const guests: Placed<GuestMember>[] = []
  for (const document of documents) {
    const many = document.members.length > 1 && areMany(document.members)
    const units = many ? unitsOf(document.members) : undefined
    const isAlone = document.members.filter(({ kind }) => kind === 'host').length === 1
    document.members.forEach(member => {
      const { kind, arch, facts, notes, called, report, own } = member
      const place = {
        document,
        arch,
        number: units?.get(report ?? member) ?? 0,
        isAlone,
        notes,
        said: called,
        called: many ? called : undefined,
        report,
        own,
      }
      if (kind === 'guest') guests.push({ ...place, facts })
      else if (kind === 'host') parts.push({ kind, place: { ...place, facts } })
      else parts.push({ kind, place: { ...place, facts } })
    })
  }
  return { parts, guests }
}

/** Equal for what stands in one report; undefined: it stands in none. */
export const reportKey = ({ document, number, report }: Placed<unknown>): string | undefined =>
  report && `${document.name}#${number}`

/** The number of each thing, from 1; a host's report is one. */
const unitsOf = (members: readonly Member[]): ReadonlyMap<Member | HostReport, number> =>
  new Map([...new Set(members.map(member => member.report ?? member))].map((unit, i) => [unit, i + 1]))

/** Whether a document has several things, of which a host and what its hypervisor gives are one. */
function areMany(members: readonly Member[]): boolean {
  const reports = new Set(members.flatMap(({ report }) => report ?? []))
  const others = members.filter(({ report }) => !report)
  const described = others.filter(({ kind }) => kind === 'hypervisor').length
  return reports.size + Math.max(described, others.length - described) > 1
}

/** `path/as/typed.xml`, with `#N` where a document has several; `path/as/typed/n1` of a file that all hosts have. */
export const typedName = ({ document, number, called }: Placed<unknown>): string =>
  called ?? labelTyped(document) + suffix(number)

/** As `typedName`, by the document alone. */
export const documentName = ({ document, number, called }: Placed<unknown>): string =>
  document.name + (called === undefined ? suffix(number) : `#${called}`)

/** The folder that was given; empty: the document's name is its path. */
export const folderTyped = ({ name, path }: FleetDocument): string =>
  name.endsWith(path) ? name.slice(0, name.length - path.length) : ''

function labelTyped(document: FleetDocument): string {
  const label = isGeneric(document.path) ? labelOf(document.path) : ''
  return label === '' ? document.name : folderTyped(document) + label
}

/** What pairs a host with itself in another reading. */
export const pairingPath = ({ document, number }: Placed<unknown>): string => document.path + suffix(number)

/** The last word of the path without the format's ending; where several would be called so, the whole path. */
export function shortGuestNames(list: readonly Placed<unknown>[]): Map<Placed<unknown>, string> {
  const stem = ({ document: { path } }: Placed<unknown>) => labelOf(path) || hostStemOf(path)
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
