import { bytewise, groupBy } from '../../../core/text.ts'
import { platformCommand } from '../../../formats/dialects.ts'
import type { Note } from '../../words/note.ts'
import type { HostMember, HypervisorFacts } from './members.ts'
import { baseOf, labelOf } from './members.ts'
import {
  defined,
  documentName,
  folderTyped,
  type HostDocument,
  type Placed,
  reportKey,
  settled,
  typedName,
} from './placed.ts'

/** What documents of one host have in common; `entry`: the name that a fleet file gives them. */
type What = 'entry' | 'uuid' | 'name' | 'file'

/** The parts that are known to describe one host. */
interface Cluster {
  readonly parts: readonly HostDocument[]
}

/** What tells that clusters are of one host, strongest first: those with an equal key are. */
type KeysOf = (cluster: Cluster) => readonly string[]

/**
 * The hosts that parts describe, and notes. Documents are of one host where the fleet file gives them one name, else where
 * they have one uuid, else where they call
 * the host the same, else where their files are called alike (`n1.xml`, `n1.domcaps.xml`; `n1/capabilities.xml`,
 * `n1/cpuinfo`). What contradicts itself is not joined, and that is noted. The order of the parts does not matter.
 */
export function joinHosts(
  parts: readonly HostDocument[],
  ruled: (part: HostDocument) => string | undefined = () => undefined,
): { hosts: Placed<HostMember>[]; notes: Note[] } {
  if (areApart(parts) && !hasTwice(parts.flatMap(part => ruled(part) ?? []))) {
    const hosts = parts.map(part => (part.place.report ? hostOf({ parts: [part] }) : alone(part)))
    return { hosts, notes: notesOnAlike(hosts) }
  }
  const notes: Note[] = []
  let clusters = joinBy(clustersOf(parts), 'entry', cluster => valuesOf(cluster, ruled), notes)
  for (const [what, keysOf] of KEYS) clusters = joinBy(clusters, what, keysOf, notes)
  clusters = joinPairs(joinNamed(clusters, notes), notes)
  const hosts = clusters.map(hostOf)
  return { hosts, notes: [...notes, ...notesOnAlike(hosts)] }
}

/**
 * Hosts that may be one machine in two forms, which nothing in the documents says: all words of one's name are in the
 * other's, their documents are of different kinds, and what both tell of their CPUs agrees.
 */
function notesOnAlike(hosts: readonly Placed<HostMember>[]): Note[] {
  const kindOf = ({ facts }: Placed<HostMember>) => facts.readFrom?.[0]?.document
  if (new Set(hosts.map(kindOf)).size < 2) return []
  const byName = groupBy(hosts, host => wordsOf(host).join('-'))
  return hosts.flatMap((host): Note[] => {
    const words = wordsOf(host)
    const parts = words.flatMap((_, i) =>
      words.slice(i).map((_, n) => words.slice(i, words.length - n).join('-')),
    )
    const others = parts.filter(part => part.length > 2).flatMap(part => byName.get(part) ?? [])
    const [other, ...more] = others.filter(
      one => kindOf(one) !== kindOf(host) && agree(settled(host).facts, settled(one).facts),
    )
    const isSaid =
      !other || more.length > 0 || (words.length === wordsOf(other).length && !isFirst(host, other))
    return isSaid ? [] : [{ kind: 'hosts-alike', source: documentName(host), other: documentName(other) }]
  })
}

const isFirst = (a: Placed<unknown>, b: Placed<unknown>): boolean => documentName(a) < documentName(b)

/** `hand`, `compute`, `1` of `hand-compute-1.xml`; what a document calls its host counts before its file. */
const wordsOf = (place: Placed<HostMember>): string[] =>
  (place.said?.replace(/\..*/, '') ?? baseOf(labelOf(place.document.path)))
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)

/** Whether two hosts may have one CPU: of one layer by all that both tell, of two by the silicon. */
function agree(a: HostMember, b: HostMember): boolean {
  const [mine, its] = [a, b].map(({ signature: s }) => s && `${s.family}.${s.model}.${s.stepping}`)
  if (vendorOf(a.vendor) !== vendorOf(b.vendor) || (a.uuid && b.uuid)) return false
  if (a.readFrom?.[0]?.layer !== b.readFrom?.[0]?.layer) return mine !== undefined && mine === its
  if (mine !== its && mine !== undefined && its !== undefined) return false
  const [wrong, more] = [a.features.minus(b.features), b.features.minus(a.features)]
  return (b.known ? wrong.meet(b.known) : wrong).isEmpty && (a.known ? more.meet(a.known) : more).isEmpty
}

/** Each part by itself; those of one host's report are of one host. */
const clustersOf = (parts: readonly HostDocument[]): Cluster[] =>
  Array.from(groupBy<HostDocument, unknown>(parts, part => reportKey(part.place) ?? part).values(), own => ({
    parts: own,
  }))

const hasTwice = (names: readonly unknown[]): boolean => new Set(names).size < names.length

/** Whether nothing at all joins them, as in most fleets: no two have anything in common that tells one host. */
function areApart(parts: readonly HostDocument[]): boolean {
  const [files, uuids, names, bases] = [0, 1, 2, 3].map(() => new Set<string>()) as [Keys, Keys, Keys, Keys]
  for (const part of parts) {
    const { place } = part
    const [uuid, name] = [uuidOf(part), nameOf(part)]
    const isNew =
      isAdded(files, typedKey(place)) &&
      (uuid === undefined || isAdded(uuids, uuid)) &&
      (name === undefined || isAdded(names, name))
    // What stands in one report is of one host: of a report that is left out nothing else is.
    if (!isNew || part.kind !== 'host' || (place.report && !place.isAlone)) return false
    if (name === undefined) bases.add(baseOf(fileKey(place)))
  }
  return names.size === 0 || ![...bases].some(base => names.has(base))
}

type Keys = Set<string>

function isAdded(keys: Keys, key: string): boolean {
  const before = keys.size
  return keys.add(key).size > before
}

const KEYS: readonly (readonly [what: What, KeysOf])[] = [
  ['uuid', cluster => valuesOf(cluster, uuidOf)],
  ['name', cluster => valuesOf(cluster, nameOf)],
  ['file', ({ parts }) => [...new Set(parts.map(({ place }) => typedKey(place)))]],
]

/** Of a document with several hosts each is its own; of one with a single host all hypervisors are that host's. */
function fileKey({ document, number, called, isAlone }: Placed<unknown>): string {
  return isAlone || number === 0 ? labelOf(document.path) : `${labelOf(document.path)}#${called ?? number}`
}

/** As `fileKey`, apart for each folder that was given. */
const typedKey = (place: Placed<unknown>): string => folderTyped(place.document) + fileKey(place)

/** Each value once; most clusters are of one part. */
function valuesOf({ parts }: Cluster, read: (part: HostDocument) => string | undefined): string[] {
  const values = parts.flatMap(part => read(part) ?? [])
  return values.length > 1 ? [...new Set(values)] : values
}

/** Firmware that nobody filled in has these. */
const NO_UUID = /^(.)\1*$|^0300020004000500000600070008000\d$|^0002000300040005000600070008000\d$|^12345678/

function uuidOf({ kind, place }: HostDocument): string | undefined {
  const uuid = kind === 'host' ? (place.own ?? place.facts).uuid?.toLowerCase() : undefined
  return uuid === undefined || NO_UUID.test(uuid.replaceAll('-', '')) ? undefined : uuid
}

/** Names that every machine has before it is given one. */
const NO_NAME = /^(?:localhost(?:\.localdomain)?|\(none\)|ubuntu|debian|node|host)$/i

const nameOf = ({ place: { said } }: HostDocument): string | undefined =>
  said === undefined || NO_NAME.test(said) ? undefined : said

/** Joins clusters with equal keys where all of them agree. */
function joinBy(clusters: readonly Cluster[], what: What, keysOf: KeysOf, notes: Note[]): Cluster[] {
  const groups = new Map<string, Cluster[]>()
  for (const cluster of clusters) {
    const [key, ...more] = keysOf(cluster)
    if (key === undefined || more.length > 0) continue
    const group = groups.get(key)
    if (group) group.push(cluster)
    else groups.set(key, [cluster])
  }
  const joined = new Map<Cluster, Cluster | undefined>()
  for (const group of groups.values()) {
    if (group.length > 1) joinGroup(group, what, joined, notes)
  }
  if (joined.size === 0) return [...clusters]
  return clusters.flatMap(cluster => (joined.has(cluster) ? (joined.get(cluster) ?? []) : cluster))
}

/** Notes in `joined` what takes the place of each cluster of a group; undefined: it is part of another. */
function joinGroup(
  group: readonly Cluster[],
  what: What,
  joined: Map<Cluster, Cluster | undefined>,
  notes: Note[],
): void {
  const [first] = group
  const all = { parts: group.flatMap(({ parts }) => parts) }
  const against = contradictionIn(all, what)
  if (!first) return
  if (against === undefined)
    for (const cluster of group) joined.set(cluster, cluster === first ? all : undefined)
  else if (against !== 'document') {
    const names = group.map(({ parts: [part] }) => (part ? documentName(part.place) : '')).sort(bytewise)
    notes.push({ kind: 'hosts-not-joined', source: names[0] ?? '', what, others: names.slice(1), against })
  }
}

/** What inside a document calls a host that another document is called after. */
function joinNamed(clusters: readonly Cluster[], notes: Note[]): Cluster[] {
  const known = new Set(clusters.flatMap(cluster => valuesOf(cluster, nameOf)))
  if (known.size === 0) return [...clusters]
  const unnamed = new Map<string, number>()
  const baseOfFile = ({ parts: [part] }: Cluster) => baseOf(part ? fileKey(part.place) : '')
  for (const cluster of clusters) {
    const base = valuesOf(cluster, nameOf).length === 0 ? baseOfFile(cluster) : ''
    if (known.has(base)) unnamed.set(base, (unnamed.get(base) ?? 0) + 1)
  }
  return joinBy(
    clusters,
    'name',
    cluster => {
      const names = valuesOf(cluster, nameOf)
      if (names.length > 0) return names.filter(name => unnamed.get(name) === 1)
      const base = baseOfFile(cluster)
      return unnamed.get(base) === 1 ? [base] : []
    },
    notes,
  )
}

/** What one folder has of a host's CPU and another, with a file that is called alike, of its hypervisor. */
function joinPairs(clusters: readonly Cluster[], notes: Note[]): Cluster[] {
  const kindOf = ({ parts: [part, ...more] }: Cluster) => (more.length === 0 ? part?.kind : undefined)
  const keyOf = ({ parts: [part] }: Cluster) => (part ? fileKey(part.place) : '')
  if (clusters.every(cluster => kindOf(cluster) !== 'hypervisor')) return [...clusters]
  const counts = new Map<string, number>()
  const count = (cluster: Cluster) => `${kindOf(cluster)} ${keyOf(cluster)}`
  for (const cluster of clusters) counts.set(count(cluster), (counts.get(count(cluster)) ?? 0) + 1)
  return joinBy(
    clusters,
    'file',
    cluster => {
      const key = keyOf(cluster)
      const isPair = counts.get(`host ${key}`) === 1 && counts.get(`hypervisor ${key}`) === 1
      return isPair && kindOf(cluster) !== undefined ? [key] : []
    },
    notes,
  )
}

/** What speaks against a cluster's being one host; `document`: one document has several. */
function contradictionIn({ parts }: Cluster, what: What): string | undefined {
  const several = (read: (part: HostDocument) => unknown) =>
    new Set(parts.flatMap(part => read(part) ?? [])).size > 1
  // The only host of a document may have several hypervisors in it.
  const own = parts.filter(({ kind }) => kind === 'host' || what !== 'file')
  const things = new Map(own.map(part => [reportKey(part.place) ?? part, part]))
  const documents = [...things.values()].map(({ kind, place }) => `${kind} ${place.document.name}`)
  if (new Set(documents).size < things.size) return 'document'
  if (several(({ place }) => place.arch)) return 'architecture'
  if (several(({ place }) => vendorOf(place.facts.vendor))) return 'vendor'
  const signature = ({ kind, place }: HostDocument) =>
    kind === 'host' && place.facts.signature && Object.values(place.facts.signature).join()
  if (several(part => signature(part) || undefined)) return 'signature'
  // Whoever wrote the fleet file knows better what its documents are of.
  if (what === 'entry') {
    const layers = own.flatMap(part => (part.kind === 'host' ? layersOf(part) : []))
    return hasTwice(layers) ? 'document' : undefined
  }
  if (what !== 'uuid' && several(uuidOf)) return 'uuid'
  if (what !== 'name' && several(part => nameOf(part)?.replace(/\..*/, ''))) return 'name'
  // Machines that were cloned have one uuid: files that are called differently and say the same kind of thing are two.
  const isClone = what === 'uuid' && several(({ place }) => baseOf(fileKey(place)))
  return isClone && new Set(parts.map(part => layersOf(part)[0])).size < parts.length ? 'file' : undefined
}

const layersOf = ({ place }: HostDocument): string[] => (place.facts.readFrom ?? []).map(({ layer }) => layer)

/** The same for `Intel` and `GenuineIntel`. */
const vendorOf = (vendor: string | undefined): string | undefined =>
  vendor === undefined
    ? undefined
    : (/intel|amd|hygon|zhaoxin|shanghai/i.exec(vendor)?.[0] ?? vendor).toLowerCase()

/** Hardware before what a kernel uses of it; the later recording first, by the name of its file. */
const byWeight = (a: HostDocument, b: HostDocument): number =>
  LAYERS.indexOf(layersOf(a)[0] ?? '') - LAYERS.indexOf(layersOf(b)[0] ?? '') ||
  bytewise(b.place.document.path, a.place.document.path)

const LAYERS = ['hardware', '', 'kernel', 'offered']

function hostOf(cluster: Cluster): Placed<HostMember> {
  const reports = cluster.parts.flatMap(({ place }) => reportKey(place) ?? [])
  const host = joinedHost(cluster)
  return {
    ...host,
    ...(reports.length > 0 && { reports: new Set(reports) }),
    ...(cluster.parts.length > 1 && { documents: new Set(cluster.parts.map(({ place }) => place.document)) }),
  }
}

function joinedHost({ parts }: Cluster): Placed<HostMember> {
  const [only] = parts
  if (only && parts.length === 1) return alone(only)
  const sorted = [...parts].sort(byWeight)
  const hosts = sorted.flatMap(part => (part.kind === 'host' ? settled(part.place) : []))
  const hypervisors = sorted.flatMap(part => (part.kind === 'hypervisor' ? settled(part.place) : []))
  const [given, listed] = [hypervisors.filter(isGiven), hypervisors.filter(one => !isGiven(one))]
  const used = [...given.slice(0, 1), ...listed.slice(0, 1)]
  const unused = [...given.slice(1), ...listed.slice(1)]
  const [first, ...more] = hosts
  const [hypervisor] = used
  if (first) return withUnused(used.reduce(withHypervisor, more.reduce(supplemented, first)), unused)
  if (!hypervisor) throw new RangeError('a host without documents')
  return withUnused(alone({ kind: 'hypervisor', place: hypervisor }), unused)
}

/** Whether it says what guests are given; a list of the names that an emulator has does not. */
const isGiven = ({ facts: { emulatorModels, models } }: Placed<HypervisorFacts>): boolean =>
  emulatorModels === undefined || models.size > 0

const alone = (part: HostDocument): Placed<HostMember> =>
  part.kind === 'host'
    ? part.place
    : { ...part.place, notes: [...part.place.notes, hypervisorOnly(part.place.facts)] }

const hypervisorOnly = ({ readFrom = [] }: HypervisorFacts): Note => ({
  kind: 'hypervisor-only',
  by: platformCommand(readFrom.map(({ document }) => document)),
})

/** Older recordings of the same are named. */
const withUnused = (host: Placed<HostMember>, unused: readonly Placed<unknown>[]): Placed<HostMember> => ({
  ...host,
  notes: [...host.notes, ...unused.map((one): Note => ({ kind: 'recorded-again', other: typedName(one) }))],
})

/** What another document adds to what is known of a host; where both tell of the same and differ, that is noted. */
function supplemented(host: Placed<HostMember>, other: Placed<HostMember>): Placed<HostMember> {
  const [mine, its] = [host.facts, other.facts]
  const both = mine.known && its.known ? mine.known.meet(its.known) : (mine.known ?? its.known)
  const sameLayer =
    mine.readFrom?.[0]?.layer === its.readFrom?.[0]?.layer && (!host.report || host.report !== other.report)
  const [here, there] = both
    ? [mine.features.meet(both), its.features.meet(both)]
    : [mine.features, its.features]
  const differs =
    sameLayer && (!here.eq(there) || (mine.microcode ?? its.microcode) !== (its.microcode ?? mine.microcode))
  const added = mine.known ? its.features.minus(mine.known) : undefined
  const facts = {
    ...its,
    ...defined(mine),
    features: added ? mine.features.join(added) : mine.features,
    known: mine.known && its.known ? mine.known.join(its.known) : undefined,
    readFrom: [...(mine.readFrom ?? []), ...(its.readFrom ?? [])],
  }
  const again: readonly Note[] = differs ? [{ kind: 'recorded-again', other: typedName(other) }] : []
  return { ...host, facts, notes: [...host.notes, ...other.notes, ...again] }
}

/** What the hypervisor gives of the host's CPU. What that has by itself stays known. */
function withHypervisor(host: Placed<HostMember>, hypervisor: Placed<HypervisorFacts>): Placed<HostMember> {
  const { features, models, machines, labels, offered, physBits, emulatorModels, readFrom, handsOver } =
    hypervisor.facts
  const { recorded } = hypervisor.facts
  const definition = host.facts.definition ?? hypervisor.facts.definition
  const notes = [...host.notes, ...hypervisor.notes]
  // A list of names tells nothing of what is given.
  if (emulatorModels && models.size === 0) return { ...host, facts: { ...host.facts, emulatorModels }, notes }
  const more = {
    hardwareFeatures: host.facts.features,
    features,
    models,
    offered,
    definition,
    physBits: host.facts.physBits ?? physBits,
    hypervisor: host.facts.hypervisor ?? hypervisor.facts.hypervisor,
    machines,
    labels,
    recorded: recorded ?? host.facts.recorded,
    handsOver: handsOver ?? host.facts.handsOver,
    readFrom: [...(host.facts.readFrom ?? []), ...(readFrom ?? [])],
  }
  return { ...host, facts: { ...host.facts, ...more }, notes }
}
