import { ARCHITECTURES, DEFAULT_ARCH } from '../../../arch/registry.ts'
import type { HostCpu } from '../../../core/cpu.ts'
import type { Evidence } from '../../../core/evidence.ts'
import { FeatureSet, Interner } from '../../../core/feature-set.ts'
import { bytewise, fewNames, globs, groupBy } from '../../../core/text.ts'
import { makeFullGuest } from '../../../fleet/arrows.ts'
import type { Fleet } from '../../../fleet/fleet.ts'
import { type FleetGuest, followsHost } from '../../../fleet/guest.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import type { Constraints } from '../../../fleet/plan/items.ts'
import { onOwnModel } from '../../../formats/platforms/guest-cpu.ts'
import { type Context, contextFor } from '../../context.ts'
import { judgeOn } from '../../guest-check/compute.ts'
import type { Note } from '../../words/note.ts'
import { HostOffers, otherHypervisor } from './host-evidence.ts'
import { joinHosts } from './joined.ts'
import type { GuestMember, HostMember } from './members.ts'
import { baseOf, type FleetDocument, folderOf, isGeneric, labelOf, poolOfPath, stemOf } from './members.ts'
import {
  defined,
  documentName,
  type HostDocument,
  type Placed,
  pairingPath,
  placed,
  reportKey,
  settled,
  shortGuestNames,
  typedName,
} from './placed.ts'
import { guestOfCpu } from './read-members.ts'
import { appliesTo, type Demands, type HostEntry, type Rule, type RuleFault, type Rules } from './rules.ts'

/** A fleet, and what its readers should know of how it was read. */
export interface ReadFleet {
  readonly fleet: Fleet
  /** Where documents are of hosts of several architectures, the fleets of the others. Empty as a rule. */
  readonly others: readonly Fleet[]
  readonly notes: readonly Note[]
}

/**
 * The fleet that documents make, as the fleet file's rules have it. Without rules every document counts, hosts
 * are in the pools that folders make, and are called as they were typed. Hosts of several architectures make several
 * fleets, in the order in which we list architectures.
 * @throws what the rules' `fault` makes: for a rule that no file fits, a name given twice
 */
export function assembleFleet(
  context: Context,
  documents: readonly FleetDocument[],
  rules?: Rules,
): ReadFleet {
  const { parts: described, guests } = placed(documents)
  const found = { ...joinHosts(described, entryOf(rules)), guests }
  const contexts = archesOf([...found.hosts, ...found.guests]).map(arch => contextFor(context, arch))
  const policies = rules?.policies(contexts)
  const named = new HostNames(rules, found.hosts)
  const parts = contexts.map((own, i) => {
    const assembly = new HostAssembly(own, rules, named)
    const hosts = assembly.all(found.hosts.filter(({ arch }) => arch === own.arch))
    const part = { context: own, hosts, byReport: assembly.byReport, policy: policies?.[i] }
    return { ...part, guests: found.guests.filter(({ arch }) => arch === own.arch) }
  })
  if (rules)
    checkRules(
      rules,
      found.hosts,
      parts.flatMap(({ hosts }) => hosts),
    )
  const [first, ...others] = parts.map(part => fleetOf(part, rules))
  if (!first) throw new RangeError('there is always the fleet of the architecture that is asked about')
  const notes = found.hosts.flatMap(host => host.notes.map(note => ({ ...note, source: typedName(host) })))
  const all = [first, ...others].flatMap(part => part.notes)
  return {
    fleet: first.fleet,
    others: others.map(({ fleet }) => fleet),
    notes: [...found.notes, ...notes, ...all],
  }
}

/** The documents of each host that `assembleFleet` makes of them, by its `path`. */
export function documentsOfHosts(
  documents: readonly FleetDocument[],
  rules?: Rules,
): ReadonlyMap<string, readonly FleetDocument[]> {
  const { hosts } = joinHosts(placed(documents).parts, entryOf(rules))
  return new Map(hosts.map(host => [pairingPath(host), [...(host.documents ?? [host.document])]]))
}

/** The name that a fleet file gives the host of a document. */
const entryOf =
  (rules: Rules | undefined) =>
  ({ place }: HostDocument): string | undefined =>
    rules?.hosts && saidOf(rules.hosts, place.document.path).name

/** In the order of the registry, each once; of nothing that of questions that do not say. */
function archesOf(found: readonly Placed<unknown>[]): string[] {
  const arches = new Set(found.map(({ arch }) => arch))
  const known = ARCHITECTURES.flatMap(architecture => architecture.arches).filter(arch => arches.has(arch))
  return known.length > 0 ? known : [DEFAULT_ARCH]
}

interface FleetPart {
  readonly context: Context
  readonly hosts: readonly FleetHost[]
  readonly byReport: HostAssembly['byReport']
  readonly guests: readonly Placed<GuestMember>[]
  readonly policy: Demands | undefined
}

function fleetOf(part: FleetPart, rules: Rules | undefined): { fleet: Fleet; notes: readonly Note[] } {
  const { context, hosts, policy } = part
  const { guests, notes } = assembleGuests(context, part.guests, hosts, part.byReport, rules)
  const { hosts: believed, notes: contradictions } = withDoubts(context, guests, hosts)
  const pools = new Set(hosts.map(({ pool }) => pool ?? ''))
  for (const label of rules?.pools.keys() ?? []) pools.add(label)
  const fleet: Fleet = {
    arch: context.arch,
    hosts: believed,
    guests,
    pools: [...pools].sort(bytewise),
    weights: rules?.weights,
    constraints: rules && policy ? constraintsOf(rules, policy, hosts) : {},
    mostPools: rules?.mostPools,
    requirements: policy?.requirements ?? [],
    ignore: rules?.ignore,
    sites: rules?.sites,
    kept: policy && policy.kept.size > 0 ? policy.kept : undefined,
  }
  const assumed = context.cpus.caveat
    ? []
    : hosts.filter(({ evidence }) => evidence && !evidence.assumed.isEmpty)
  const offer = offerNotes(assumed)
  const { caveat: text } = context.cpus
  const caveat = text === undefined ? [] : [{ kind: 'caveat', arch: context.arch, text } as const]
  return { fleet, notes: [...notes, ...contradictions, ...offer, ...caveat] }
}

/** That it is assumed what these hosts give guests, once for each kind of hypervisor. */
function offerNotes(hosts: readonly FleetHost[]): Note[] {
  const groups = groupBy(hosts, ({ hypervisor }) => otherHypervisor(hypervisor))
  return [...groups].map(([hypervisor, all]) => ({
    kind: 'offer-assumed',
    hostCount: all.length,
    such: fewNames(
      all.map(({ name }) => name),
      hypervisor === undefined ? 1 : undefined,
    ),
    ...(hypervisor === undefined ? {} : { hypervisor }),
  }))
}

/**
 * Where a guest is said to run and has what its host is recorded to miss, one of the two documents is not true. What the
 * host's says of that proves nothing any more, nor does the same record of an equal host: it is unknown there, and assumed
 * where the guest's document says what it has as it runs.
 */
function withDoubts(
  { db }: Context,
  guests: readonly FleetGuest[],
  hosts: readonly FleetHost[],
): { readonly hosts: readonly FleetHost[]; readonly notes: Note[] } {
  if (guests.length === 0) return { hosts, notes: [] }
  const evidence = new Map(hosts.map(host => [host.name, host.evidence]))
  const doubts = new Map<Evidence | undefined, FeatureSet>()
  const shown = new Map<Evidence | undefined, FeatureSet>()
  const notes = guests.flatMap(({ name, host, features, isLive = false }): Note[] => {
    const record = host === undefined ? undefined : evidence.get(host)
    const missing = record?.missing(features)
    if (host === undefined || !missing || missing.isEmpty) return []
    for (const sets of isLive ? [doubts, shown] : [doubts])
      sets.set(record, missing.join(sets.get(record) ?? FeatureSet.empty))
    const names = db.features.in(missing).map(feature => feature.name)
    return [{ kind: 'guest-contradicts', guest: name, host, features: names, isLive }]
  })
  const doubted = new Map(
    [...doubts].map(([record, features]) => {
      const assumed = shown.get(record) ?? FeatureSet.empty
      return [record, record?.doubting(features).assuming(assumed)] as const
    }),
  )
  const believed = hosts.map(host =>
    doubted.has(host.evidence) ? { ...host, evidence: doubted.get(host.evidence) } : host,
  )
  return { hosts: notes.length > 0 ? believed : hosts, notes }
}

/** What hosts are called where no rule says so: no two share a name, of whatever architecture. */
class HostNames {
  readonly #short: ReadonlyMap<Placed<unknown>, string> | undefined
  readonly #typed: ReadonlyMap<string, number>
  readonly #all: readonly Placed<HostMember>[]
  #inDocuments: ReadonlyMap<string, number> | undefined

  constructor(rules: Rules | undefined, all: readonly Placed<HostMember>[]) {
    this.#short = rules && shortGuestNames(all)
    this.#typed = countNames(all.map(typedName))
    this.#all = all
  }

  /** Two that are called alike and are not one are told apart by their documents, or by their number in one. */
  of(host: Placed<unknown>): string {
    const short = this.#short?.get(host)
    if (short !== undefined) return short
    const typed = typedName(host)
    if (this.#typed.get(typed) === 1) return typed
    const name = documentName(host)
    this.#inDocuments ??= countNames(this.#all.map(documentName))
    return this.#inDocuments.get(name) === 1 ? name : `${host.document.name}#${host.number}`
  }
}

/** A host, but for who it is and where. */
type AboutHost = Omit<FleetHost, 'name' | 'path' | 'pool'>

/** Makes hosts of what was found, each with its name, pool, weight and what the fleet file adds. */
class HostAssembly {
  /** The host of each report. */
  readonly byReport = new Map<string, FleetHost>()
  readonly #context: Context
  readonly #rules: Rules | undefined
  readonly #names: HostNames
  readonly #offers: HostOffers
  /** Equal sets are one object. */
  readonly #sets = new Interner()
  readonly #known = new Map<HostMember, AboutHost>()

  constructor(context: Context, rules: Rules | undefined, names: HostNames) {
    this.#context = context
    this.#offers = new HostOffers(context)
    this.#rules = rules
    this.#names = names
  }

  all(found: readonly Placed<HostMember>[]): FleetHost[] {
    const hosts = found.map(place => {
      const host = this.#host(place, this.#names.of(place))
      for (const key of place.reports ?? []) this.byReport.set(key, host)
      return host
    })
    return hosts.sort((a, b) => bytewise(a.name, b.name))
  }

  #host(host: Placed<HostMember>, name: string): FleetHost {
    const { document, own } = host
    const rules = this.#rules?.hosts
    const said: Partial<HostEntry> = rules ? saidOf(rules, document.path) : {}
    const isShared = own !== undefined && !rules && !host.facts.recorded
    const { facts } = isShared ? host : settled(host)
    const about = isShared ? this.#shared(facts) : this.#about(facts, rules ? factsOf(facts, said) : facts)
    const called = said.name ?? name
    return {
      ...about,
      ...(isShared && own),
      name: called,
      ...(host.said === undefined || host.said === called ? {} : { called: host.said }),
      path: pairingPath(host),
      pool: this.#poolOf(called, document, said),
      weight: said.weight ?? (this.#rules?.weighCpus ? about.cpus : undefined),
      documentHash: host.number === 0 && !facts.hardwareFeatures ? document.hash : undefined,
    }
  }

  /** What hosts that share their facts are, but for who and where. */
  #shared(facts: HostMember): AboutHost {
    const about = this.#known.get(facts) ?? this.#about(facts, facts)
    this.#known.set(facts, about)
    return about
  }

  /** @param said the facts with what a fleet file adds */
  #about(facts: HostMember, said: HostMember): AboutHost {
    const all = { ...said, features: this.#sets.intern(facts.features).features }
    const about = {
      ...all,
      // What offers came from is no fact of the host.
      known: undefined,
      offered: undefined,
      recorded: undefined,
      ...(facts.recorded && {
        judge: judgeOn(this.#context, facts.recorded, ownCpuOf(this.#context, facts), facts.handsOver),
      }),
      ...this.#offers.of(all),
    }
    return about
  }

  /** The pool that lists its name, that its rule says, or without rules for hosts, that its folder makes. */
  #poolOf(name: string, document: FleetDocument, { pool }: Partial<HostEntry>): string | undefined {
    const listed = [...(this.#rules?.pools ?? [])].find(([, patterns]) => patterns.some(p => globs(p, name)))
    if (listed) return listed[0]
    if (pool === '*') return baseOf(folderOf(document.path)) || undefined
    return pool ?? (this.#rules?.hosts ? undefined : poolOfDocument(document))
  }
}

/** The host's own definition, beside what its QEMU reports; undefined: nobody recorded it, or its model. */
function ownCpuOf({ db, arch }: Context, facts: HostMember): HostCpu | undefined {
  const { hardwareFeatures, model: name, vendor, signature, physBits, tscHz, tscScaling } = facts
  const model = name === undefined ? undefined : db.model(name)
  if (!hardwareFeatures || !model) return undefined
  const more = db.features.in(hardwareFeatures.minus(model.features))
  return {
    ...{ type: 'host', arch, model: model.name, vendor, signature },
    features: more.map(feature => ({ name: feature.name })),
    ...(physBits === undefined ? {} : { maxphysaddr: { mode: 'emulate', bits: physBits } }),
    ...(tscHz === undefined ? {} : { tsc: { frequency: tscHz, scaling: tscScaling } }),
  }
}

function countNames(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** The pool of the folder that it is in, which is not the one that only says which host it is of. */
function poolOfDocument({ path, pool }: FleetDocument): string | undefined {
  if (pool === undefined || !isGeneric(path)) return pool
  const label = labelOf(path)
  return label === pool || label.endsWith(`/${pool}`) ? poolOfPath(label) : pool
}

/** What the rules that fit the path say together; of two that speak of one thing the later counts. */
const saidOf = (rules: readonly Rule<HostEntry>[], path: string): Partial<HostEntry> =>
  Object.assign({}, ...rules.filter(rule => appliesTo(rule, path)).map(({ says }) => says))

function factsOf(facts: HostMember, said: Partial<HostEntry>): HostMember {
  const { kernel, hypervisor, libvirt, microcode, uuid, cpus, vulnerabilities, mitigations, reported } = said
  const hz = said['tsc-hz']
  const given = {
    kernel,
    hypervisor,
    libvirt,
    microcode,
    uuid,
    cpus,
    vulnerabilities,
    mitigations,
    reported,
    physBits: said['phys-bits'],
    xsaveSize: said['xsave-size'],
    lineSize: said['line-size'],
    tscHz: hz === undefined ? undefined : BigInt(hz),
  }
  return { ...facts, ...defined(given) }
}

/** Every rule fits something, a name is one host's. */
function checkRules(rules: Rules, found: readonly Placed<HostMember>[], hosts: readonly FleetHost[]): void {
  const { fault } = rules
  for (const rule of rules.hosts ?? []) {
    const fitting = found.filter(({ document }) => appliesTo(rule, document.path))
    if (rule.says.name !== undefined && fitting.length > 1) {
      throw fault(
        [...rule.path, 'name'],
        `one name for ${fitting.length} hosts: give each an entry of its own`,
      )
    }
  }
  const names = new Set<string>()
  for (const { name, path = '' } of hosts) {
    const rule = rules.hosts?.findLast(({ says }) => says.name === name)
    if (names.has(name))
      throw fault(rule ? [...rule.path, 'name'] : [], `a second host is called ${name}: ${path}`)
    names.add(name)
  }
  checkPatterns(rules.pools, ['pools'], hosts, fault)
  checkPatterns(rules.pins, ['constraints', 'pin'], hosts, fault)
  const labels = { 'kept-cpus': rules.keptPools, sites: rules.sites.keys() }
  for (const [key, named] of Object.entries(labels))
    for (const label of named) {
      if (!hosts.some(({ pool = '' }) => pool === label))
        throw fault([key, label], `no pool is called ${label || 'so'}`, 'key')
    }
}

function checkPatterns(
  lists: ReadonlyMap<string, readonly string[]>,
  at: readonly string[],
  hosts: readonly FleetHost[],
  fault: RuleFault,
): void {
  for (const [label, patterns] of lists) {
    for (const pattern of patterns) {
      if (hosts.some(({ name }) => globs(pattern, name))) continue
      throw fault([...at, label], `no host is called ${pattern}`)
    }
  }
}

function constraintsOf(
  { vendors, smallest, pins }: Rules,
  { level, mustHave }: Demands,
  hosts: readonly FleetHost[],
): Constraints {
  const both = level && mustHave ? level.needs.join(mustHave) : (level?.needs ?? mustHave)
  const pinned = [...pins].flatMap(([label, patterns]) =>
    hosts.filter(({ name }) => patterns.some(p => globs(p, name))).map(({ name }) => [name, label] as const),
  )
  return { mustHave: both, vendors, smallest, pins: pinned.length > 0 ? new Map(pinned) : undefined }
}

/**
 * The guests, each on the host that its rule names or that the folder it lies in is called after. One whose CPU
 * is its host's has what that gives; where the host is not known, that is noted.
 */
function assembleGuests(
  context: Context,
  found: readonly Placed<GuestMember>[],
  hosts: readonly FleetHost[],
  byReport: ReadonlyMap<string, FleetHost>,
  rules: Rules | undefined,
): { readonly guests: FleetGuest[]; readonly notes: Note[] } {
  const notes: Note[] = []
  if (found.length === 0) return { guests: [], notes }
  const byName = hostsByWord(hosts)
  const full = makeFullGuest(context.db)
  const given = (host: FleetHost, { without = FeatureSet.empty }: GuestMember) => {
    const all = full(host)
    return { ...all, features: all.features.minus(without) }
  }
  const pools = new Set(hosts.map(({ pool }) => pool))
  const emulators = new Set(hosts.flatMap(host => [...(host.emulators ?? [])]))
  const guests = definedModels(context, found).map((guest): FleetGuest => {
    const { document } = guest
    const facts = withKnownEmulator(guest.facts, emulators)
    const said = rules?.guests.findLast(rule => appliesTo(rule, document.path))
    const wanted = said?.says.host
    const host =
      (wanted === undefined &&
        (byReport.get(reportKey(guest) ?? '') ??
          (facts.onHost === undefined ? undefined : byName.get(facts.onHost)))) ||
      byName.get(wanted ?? baseOf(folderOf(document.path)))
    if (rules && said && wanted !== undefined && !host)
      throw rules.fault([...said.path, 'host'], `no host is called ${wanted}`)
    const name = facts.name || baseOf(stemOf(document.path))
    for (const note of guest.notes) notes.push({ ...note, source: typedName(guest) })
    const follows = followsHost({ ...facts, name })
    if (follows && !host && hosts.length > 0) {
      notes.push({ kind: 'guest-cpu-unknown', mode: facts.mode ?? '', source: typedName(guest) })
    }
    const { optional, onHost: _, definition: __, isModel: ___, isMinimum, defaultBits, ...known } = facts
    const taken = optional && host ? optional.meet(host.features) : FeatureSet.empty
    return {
      ...known,
      ...(taken.isEmpty ? {} : { features: facts.features.join(taken), required: facts.features }),
      ...(isMinimum && host
        ? { features: facts.features.join(full(host).features), required: facts.features }
        : {}),
      ...takenOf(facts, host),
      ...(follows && host ? { ...given(host, facts), ...passedOf(facts, host) } : {}),
      ...(follows && !host ? { terms: { ...facts.terms, passed: null } } : {}),
      name,
      host: host?.name,
      pool: said?.says.pool ?? host?.pool ?? (pools.has(document.pool) ? document.pool : undefined),
    }
  })
  return { guests: guests.sort((a, b) => bytewise(a.name, b.name)), notes }
}

/** Without an emulator that no host names: capabilities name one of those that are there. */
const withKnownEmulator = (guest: GuestMember, emulators: ReadonlySet<string>): GuestMember =>
  guest.terms?.emulator === undefined || emulators.has(guest.terms.emulator)
    ? guest
    : { ...guest, terms: { ...guest.terms, emulator: undefined } }

/** What QEMU gives a guest by its host where the definition says nothing: the vendor, and no more bits than it has. */
function takenOf(
  { mode = 'custom', vendor, physBits, defaultBits, terms }: GuestMember,
  host: FleetHost | undefined,
): Pick<FleetGuest, 'vendor' | 'physBits' | 'unasked'> {
  if (mode !== 'custom') return {}
  // Red Hat's machines give a guest the width that its host has.
  const isHosts = /rhel/.test(terms?.machine ?? '')
  const least = Math.min(defaultBits ?? Number.POSITIVE_INFINITY, host?.physBits ?? Number.POSITIVE_INFINITY)
  const bits = isHosts && host?.physBits !== undefined ? host.physBits : least
  return {
    vendor: vendor ?? host?.vendor,
    physBits:
      physBits === undefined
        ? Number.isFinite(bits)
          ? bits
          : undefined
        : Math.min(physBits, host?.physBits ?? physBits),
    unasked: [
      ...(vendor === undefined ? (['vendor'] as const) : []),
      ...(physBits === undefined ? (['physBits'] as const) : []),
    ],
  }
}

const passedOf = ({ mode, terms }: GuestMember, host: FleetHost): Pick<FleetGuest, 'terms'> =>
  mode === 'host-passthrough' || mode === 'maximum' ? { terms: { ...terms, passed: host } } : {}

/**
 * The guests, each with the model that another document of its platform defines, as Proxmox VE's `cpu-models.conf` does;
 * the models themselves only where there is no guest.
 */
function definedModels(context: Context, found: readonly Placed<GuestMember>[]): Placed<GuestMember>[] {
  const models = new Map(found.flatMap(({ facts }) => (facts.isModel ? [[facts.name, facts] as const] : [])))
  if (models.size === 0) return [...found]
  const guests = found.filter(({ facts }) => !facts.isModel)
  return (guests.length > 0 ? guests : found).map(guest => {
    const { definition, unknownModel = '', ...facts } = guest.facts
    const model = models.get(unknownModel)?.definition
    if (!model || !definition) return guest
    const { facts: made, notes } = guestOfCpu(context, onOwnModel(definition, model), facts)
    return { ...guest, facts: { ...made, document: facts.document }, notes }
  })
}

/** Hosts by name and, where only one has it, by the last word of their names, or by what their documents call them. */
function hostsByWord(hosts: readonly FleetHost[]): ReadonlyMap<string, FleetHost | undefined> {
  const words = new Map<string, FleetHost | undefined>()
  for (const host of hosts) {
    for (const word of new Set([baseOf(stemOf(host.name)), host.called ?? host.name]))
      words.set(word, words.has(word) ? undefined : host)
  }
  for (const host of hosts) words.set(host.name, host)
  return words
}
