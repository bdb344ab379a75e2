import type { CpuReading } from '../../../arch/driver.ts'
import { detect } from '../../../arch/operations.ts'
import { archOfModel, fleetArchOf, requireDecoder, requireDriver } from '../../../arch/registry.ts'
import type { Cpu, GuestCpu, HostCpu, Policy } from '../../../core/cpu.ts'
import { brandOf } from '../../../core/cpuid.ts'
import { Evidence, type Layer } from '../../../core/evidence.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import { LibvirtError } from '../../../core/libvirt-error.ts'
import { oncePer } from '../../../core/memo.ts'
import { nearest } from '../../../core/text.ts'
import { type HypervisorModels, type RequestedModel, readAskedCpu } from '../../../fleet/asked-model.ts'
import { withoutVoid } from '../../../fleet/causes/finding.ts'
import type { Bond, GuestTerms } from '../../../fleet/guest-terms.ts'
import type { HostSource } from '../../../fleet/host.ts'
import type { DistinctDump, Found, PrintedHost, RegisterDump } from '../../../formats/found.ts'
import { domainCapabilitiesOf, domainOf, domainsOf } from '../../../formats/libvirt/domain.ts'
import { argumentOfCpu, findCpus, OWN_ARGUMENT } from '../../../formats/libvirt/find-cpus.ts'
import { parseCpu } from '../../../formats/libvirt/parse-cpu.ts'
import { parseCpuArgument } from '../../../formats/platforms/qemu-command.ts'
import { coverageOfWords } from '../../../formats/platforms/register-words.ts'
import { toLibvirtName } from '../../../formats/qemu/names.ts'
import { coverageOf } from '../../../map/vocabulary.ts'
import { decodeProperties, listAllowedModels, mergeReportedProperties } from '../../../qemu/allowance.ts'
import type { QemuCapabilities } from '../../../qemu/capabilities.ts'
import { asksMore, type GuestRequest, parseGuestRequest } from '../../../qemu/guest/parse-request.ts'
import { computeHypervisorCpu } from '../../../qemu/hypervisor-cpu.ts'
import { type QmpRecording, readRecording } from '../../../qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../../../qemu/qmp/read-capabilities.ts'
import { child, children, type Element, textOf } from '../../../xml/element.ts'
import { type Context, contextFor } from '../../context.ts'
import { decodeBits, meetData } from '../../decode/compute.ts'
import { orError } from '../../guest-check/compute.ts'
import type { Note } from '../../words/note.ts'
import { notesOf } from '../definition-of.ts'
import { notesOnMisfits, notesOnNeeds, saidNote, withImplied } from '../stated.ts'
import { type GuestMember, type HostMember, type Member, memberOfStatement } from './members.ts'

/** A `<domain>` as a guest. @throws LibvirtError for a bad definition or an unknown model */
function guestOfDomain(context: Context, element: Element): Member {
  const guest = guestByCpu(context, element)
  const { tried, pinned } = findUnlookedAt(element)
  const but = tried.length > 0 ? [`, unless the host's QEMU was recorded: ${tried.join('; ')}`] : []
  const notes = [...but, ...pinned].map(text => saidNote(`not looked at, where it can go${text}`))
  return notes.length === 0 ? guest : { ...guest, notes: [...guest.notes, ...notes] }
}

/** What of a domain has to do with CPUs and is compared with no host, or only with what a QEMU says. */
function findUnlookedAt(element: Element): { readonly tried: string[]; readonly pinned: string[] } {
  const { type = 'kvm' } = element.attributes
  const [tune, features] = [child(element, 'cputune'), child(element, 'features')]
  const vcpus = Number(textOf(child(element, 'vcpu') ?? element).trim())
  const pins = tune && ['vcpupin', 'emulatorpin', 'iothreadpin'].some(name => child(tune, name))
  return {
    tried: [
      ...(type === 'kvm'
        ? []
        : [`what ${type === 'qemu' ? "QEMU's emulation" : type} gives (type='${type}')`]),
      ...(vcpus > MANY_VCPUS ? [`whether its machine type takes ${vcpus} vCPUs`] : []),
      ...(features && child(features, 'hyperv') ? ['its <hyperv> features'] : []),
      ...(child(element, 'launchSecurity') ? ['its <launchSecurity>'] : []),
    ],
    pinned: pins ? [': the CPUs of the host that it is pinned to (<cputune>)'] : [],
  }
}

/** An APIC ID of more needs x2APIC, and machine types have limits of their own. */
const MANY_VCPUS = 255

function guestByCpu(context: Context, element: Element): Member {
  const { cpu, name = '', uuid, vcpus, arch } = domainOf(element)
  const about = { name, uuid, vcpus, terms: { ...termsOf(element), request: requestOf(context, element) } }
  const argument = argumentOfCpu(element)
  if (argument !== undefined) {
    const guest = guestOfCpu(context, withArch(parseCpuArgument(argument), arch), about)
    return { ...guest, notes: [...guest.notes, saidNote(OWN_ARGUMENT)] }
  }
  if (cpu) return guestOfCpu(context, withArch(parseCpu(cpu, 'guest'), arch), about)
  const { defaultModel: model } = contextOfCpu(context, { arch }).cpus
  if (model === undefined)
    return guestOfCpu(context, { type: 'guest', arch, mode: 'host-passthrough', features: [] }, about)
  const own: GuestCpu = { type: 'guest', arch, model, check: 'none', features: [] }
  const { notes, ...guest } = guestOfCpu(context, own, about)
  return { ...guest, notes: [...notes, { kind: 'guest-default-cpu', model }] }
}

/** Equal requests are one object: guests are many. */
const requestsOf = oncePer((_: Context['map']) => new Map<string, GuestRequest | LibvirtError>())

/** What it asks for beside a CPU under KVM; undefined: nothing, or it is of an architecture whose guests are judged by their CPU alone. */
function requestOf(context: Context, element: Element): GuestRequest | LibvirtError | undefined {
  const { arch } = domainOf(element)
  if (!asksMore(element) || !requireDriver(context.map, arch ?? context.arch).decoder) return undefined
  // What a fleet's documents may leave out.
  const name: Element = { name: 'name', attributes: {}, content: ['guest'] }
  const whole = {
    ...element,
    attributes: { type: 'kvm', ...element.attributes },
    content: [name, ...element.content.filter(part => typeof part === 'string' || part.name !== 'name')],
  }
  const request = orError(() => ({ ...parseGuestRequest(whole, context.libvirt), emulator: undefined }))
  const key = JSON.stringify(request instanceof LibvirtError ? request.message : request, (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
  const known = requestsOf(context.map).get(key) ?? request
  requestsOf(context.map).set(key, known)
  return known
}

/** The definition with the architecture that the document around it says. */
const withArch = <C extends Cpu>(cpu: C, arch: string | undefined): C =>
  arch === undefined || cpu.arch !== undefined ? cpu : { ...cpu, arch }

/** The context of a CPU's architecture. @throws LibvirtError where it has no driver */
const contextOfCpu = (context: Context, { arch, model }: Pick<Cpu, 'arch' | 'model'>): Context =>
  contextFor(context, fleetArchOf(context.map, arch ?? archOfModel(context.map, model)))

/**
 * A guest as its CPU's definition tells. Of one without a model (host-passthrough, maximum, host-model that was
 * not expanded) the features are empty until its host is known.
 */
export function guestOfCpu(
  context: Context,
  cpu: GuestCpu,
  about: Pick<GuestMember, 'name' | 'uuid' | 'vcpus' | 'onHost' | 'isModel' | 'definition' | 'terms'>,
): Member & { readonly kind: 'guest' } {
  const own = contextOfCpu(context, cpu)
  const isUnknown = !knowsModel(own, cpu)
  const { features, notes } = knownFeatures(own, isUnknown ? { ...cpu, model: undefined } : cpu)
  const { mode, model, vendor, maxphysaddr } = cpu
  const custom = mode === undefined || mode === 'custom'
  const off = turnedOff(own, cpu)
  // A list of features is all that is known of the CPU.
  const isListed = custom && model === undefined
  const all = isListed ? withImplied(own, features).minus(off) : features
  const facts = {
    ...about,
    features: withoutVoid(own.cpus, all).minus(namedWith(own, cpu, ['force', 'optional'])),
    terms: joinTerms(about.terms, termsOfCpu(own, cpu, all)),
    isMinimum: cpu.match === 'minimum',
    defaultBits: custom ? own.cpus.defaultPhysBits : undefined,
    vendor,
    model,
    mode,
    threads: cpu.topology?.threads,
    physBits: maxphysaddr?.bits,
    requestedModel: findRequestedModel(own, cpu),
    ...(requireDriver(own.map, own.arch).decoder &&
      !isUnknown && { asked: readAskedCpu(own.cpus, cpu, own.libvirt) }),
    ...(isUnknown && { unknownModel: model, definition: cpu }),
    ...(off.isEmpty ? {} : { without: off }),
  }
  const told: Note[] = isUnknown
    ? [...notes, unknownModelNote(own, cpu.model ?? '')]
    : [...notes, ...(custom && model !== undefined ? notesOnNeeds(own, facts.features) : [])]
  return {
    kind: 'guest',
    arch: own.arch,
    facts: { ...facts, optional: optionalFeatures(own, cpu) },
    notes: told,
  }
}

const namedWith = ({ db }: Context, { features }: GuestCpu, policies: readonly Policy[]): FeatureSet =>
  db.features.setOfNames(
    features.flatMap(({ name, policy = 'require' }) => (policies.includes(policy) ? [name] : [])),
  )

const joinTerms = (domain: GuestTerms = {}, cpu: GuestTerms): GuestTerms | undefined => {
  const bonds = [...(domain.bonds ?? []), ...(cpu.bonds ?? [])].filter(
    bond => bond !== 'invtsc' || domain.tscHz === undefined,
  )
  const { excluded } = cpu
  const isNothing = bonds.length === 0 && !excluded && Object.values(domain).every(part => part === undefined)
  return isNothing ? undefined : { ...domain, bonds, excluded }
}

/** What the definition of a CPU rules out of hosts, and what of it no other host goes on with. */
function termsOfCpu(own: Context, cpu: GuestCpu, features: FeatureSet): GuestTerms {
  const forbidden = namedWith(own, cpu, ['forbid'])
  // What a strict definition turns off, or takes where it is there, its host may have.
  const mentioned = features.join(namedWith(own, cpu, ['disable', 'optional']))
  const isStrict = cpu.match === 'strict' && cpu.mode === 'custom'
  const excluded = isStrict ? own.db.features.all.minus(mentioned).join(forbidden) : forbidden
  const asksInvtsc = !namedWith(own, cpu, ['require', 'force']).meet(own.db.features.setOfNames(['invtsc']))
    .isEmpty
  const bonds: Bond[] = [
    ...(asksInvtsc ? (['invtsc'] as const) : []),
    ...(cpu.migratable === false ? (['unmigratable'] as const) : []),
  ]
  return { bonds, ...(excluded.isEmpty ? {} : { excluded }) }
}

/** What a domain has beside its CPU that counts where it is to run. */
function termsOf(element: Element): GuestTerms {
  const devices = child(element, 'devices')
  const os = child(element, 'os')
  const { machine } = (os && child(os, 'type'))?.attributes ?? {}
  const emulator = devices && child(devices, 'emulator')
  const hasDevice =
    devices !== undefined &&
    (child(devices, 'hostdev') !== undefined ||
      children(devices, 'interface').some(({ attributes }) => attributes.type === 'hostdev'))
  const hasPci = (devices ? children(devices, 'hostdev') : []).some(
    ({ attributes }) => attributes.type === 'pci',
  )
  const clock = child(element, 'clock')
  const rate = (clock ? children(clock, 'timer') : []).findLast(({ attributes }) => attributes.name === 'tsc')
    ?.attributes.frequency
  const isProtected = child(element, 'launchSecurity') !== undefined
  return {
    machine: machine || undefined,
    emulator: emulator && textOf(emulator).trim(),
    pciDevice: hasPci || undefined,
    tscHz: rate !== undefined && /^[1-9]\d{0,18}$/.test(rate) ? BigInt(rate) : undefined,
    bonds: [...(hasDevice ? (['hostdev'] as const) : []), ...(isProtected ? (['protected'] as const) : [])],
  }
}

/** Whether the model of the definition means something. */
function knowsModel({ cpus }: Context, cpu: Cpu): boolean {
  try {
    cpus.read({ ...cpu, features: [] })
    return true
  } catch (error) {
    if (error instanceof LibvirtError) return false
    throw error
  }
}

function unknownModelNote({ db }: Context, model: string): Note {
  const [near] = nearest(
    db.models.map(({ name }) => name),
    model,
    1,
  )
  return { kind: 'guest-model-unknown', model, ...(near === undefined ? {} : { near }) }
}

function findRequestedModel(
  { db, cpus }: Context,
  { model, fallback, features }: GuestCpu,
): RequestedModel | undefined {
  const known = model === undefined || cpus.modelsAreModes ? undefined : db.model(model)
  if (!known) return undefined
  const off = features.filter(({ policy }) => policy === 'disable')
  return {
    name: known.name,
    disabled: new Set(off.map(({ name }) => name)),
    comparedByBits: known.compat,
    replaceable: fallback !== 'forbid',
  }
}

const turnedOff = ({ db }: Context, { features }: Cpu): FeatureSet =>
  db.features.setOfNames(
    features.flatMap(({ name, policy }) => (policy === 'disable' || policy === 'forbid' ? name : [])),
  )

/** What the guest takes where its host has it. */
function optionalFeatures({ db }: Context, cpu: Cpu): FeatureSet {
  const optional = cpu.features.filter(({ policy }) => policy === 'optional')
  return db.features.setOfNames(optional.map(({ name }) => name))
}

/**
 * The hosts, hypervisors and guests of a fleet that something found in a text describes; empty: none.
 * @param source what errors call the text
 * @throws LibvirtError for a bad definition; ParseError for a conversation that is cut
 */
export function membersOf(context: Context, found: Found, source: string): Member[] {
  const members = membersReadFrom(context, found, source)
  const { called, notes = [], kind, report } = found
  if (called === undefined && notes.length === 0 && !report) return members
  // Statements and guests have their notes already.
  const told = kind === 'statement' || kind === 'guest' ? [] : notes.map(saidNote)
  return members.map(member => ({
    ...member,
    called: calledIn(member, found),
    report,
    notes: [...member.notes, ...told],
  }))
}

/** In a host's report all but guests is called as the host calls itself. */
function calledIn(member: Member, { called, report }: Found): string | undefined {
  if (!report) return member.called ?? called
  return member.kind === 'guest' ? member.facts.name : report.name
}

const membersReadFrom = (context: Context, found: Found, source: string): Member[] =>
  membersIn(context, found, source).map(member => {
    if (member.kind === 'guest')
      return { ...member, facts: { ...member.facts, document: documentKind(found), isLive: isLive(found) } }
    const readFrom = sourceOf(layerOf(found, member.kind), documentKind(found))
    return member.kind === 'host'
      ? { ...member, facts: { ...member.facts, readFrom } }
      : { ...member, facts: { ...member.facts, readFrom } }
  })

/** libvirt numbers the domains that run. */
const isLive = (found: Found): true | undefined =>
  (found.kind === 'guest'
    ? found.layer === 'running'
    : found.kind === 'document' && /^\d/.test(found.element.attributes.id ?? '')) || undefined

/** One list for all hosts that were read from the same kind of document. */
function sourceOf(layer: Layer, document: string): readonly HostSource[] {
  const key = `${layer} ${document}`
  const known = sources.get(key) ?? [{ layer, document }]
  sources.set(key, known)
  return known
}

const sources = new Map<string, readonly HostSource[]>()

/** The XML element, or the dialect. */
const documentKind = (found: Found): string =>
  'element' in found ? found.element.name : (found.dialect ?? (found.kind === 'host' ? 'cpu' : 'cpudata'))

/** What a document about a host speaks of: the hardware, where its reader does not say otherwise. */
function layerOf(found: Found, kind: 'host' | 'hypervisor'): Layer {
  if (kind === 'hypervisor') return 'offered'
  if (found.kind === 'statement') return found.layer
  return (found.kind === 'dump' && found.dumps[0]?.layer) || 'hardware'
}

function membersIn(context: Context, found: Found, source: string): Member[] {
  switch (found.kind) {
    case 'host':
      return [hostOfCpu(context, found.cpu)]
    case 'definition':
      return [memberOfCpu(context, found.element)]
    case 'document':
      return membersOfDocument(context, found.element)
    case 'dump':
      return [memberOfDumps(context, found.dumps)]
    case 'conversation':
      return [hypervisorOfConversation(context, readRecording(found.messages, source)) ?? []].flat()
    case 'statement':
      return [memberOfStatement(context, found)].flat()
    case 'guest': {
      const { cpu, name = '', uuid, vcpus, host, isModel, selectors, notes = [] } = found
      const own = isModel ? { isModel, definition: cpu } : {}
      const terms = selectors && { selectors }
      const guest = guestOfCpu(context, cpu, { name, uuid, vcpus, onHost: host, terms, ...own })
      return [{ ...guest, called: name, notes: [...guest.notes, ...notes.map(saidNote)] }]
    }
    case 'registers':
      return [hostOfRegisters(context, found.dumps)]
  }
}

/** The members in a document of libvirt's. @throws LibvirtError for a bad definition */
function membersOfDocument(context: Context, element: Element): Member[] {
  switch (element.name) {
    case 'domain':
    case 'domstatus':
      return domainsOf(element).map(domain => guestOfDomain(context, domain))
    case 'domainCapabilities':
      return [hypervisorOfCapabilities(context, element) ?? []].flat()
    case 'capabilities':
      return findCpus(element).map(found =>
        hostOfCpu(context, parseCpu(found.element, 'host'), aroundHost(element, found.element)),
      )
    case 'cpu':
      return [memberOfCpu(context, element)]
    case 'mode': {
      // The part of domain capabilities that people quote.
      const cpu: Element = { name: 'cpu', attributes: {}, content: [element] }
      const whole: Element = { name: 'domainCapabilities', attributes: {}, content: [cpu] }
      return [hypervisorOfCapabilities(context, whole) ?? []].flat()
    }
    default:
      return []
  }
}

/** A bare `<cpu>` is a host's, unless it says what only guests' say. */
function memberOfCpu(context: Context, element: Element): Member {
  const { mode, match, check } = element.attributes
  const guest = mode !== undefined || match !== undefined || check !== undefined
  return guest
    ? guestOfCpu(context, parseCpu(element, 'guest'), { name: '' })
    : hostOfCpu(context, parseCpu(element, 'host'))
}

/**
 * What a CPU has, with a note for each feature that is not known and so left out: a host described by a newer libvirt
 * does not take the whole fleet's answer away.
 * @throws LibvirtError for an unknown model
 */
function knownFeatures({ cpus }: Context, cpu: Cpu): Omit<CpuReading, 'unknown'> & { notes: Note[] } {
  const { unknown, ...reading } = cpus.read(cpu)
  return { ...reading, notes: unknown.map(feature => ({ kind: 'feature-skipped', feature })) }
}

/**
 * A host as its definition tells of it, and what its capabilities add.
 * @throws LibvirtError for an unknown model, or an architecture without a driver
 */
function hostOfCpu(context: Context, cpu: HostCpu, more: Partial<HostMember> = {}): Member {
  const own = contextOfCpu(context, cpu)
  const { features, known, core, notes } = knownFeatures(own, cpu)
  const facts = {
    features,
    known,
    core,
    ...factsBesideFeatures(cpu),
    ...(requireDriver(context.map, own.arch).decoder ? {} : { definition: cpu }),
    ...more,
  }
  return { kind: 'host', arch: own.arch, facts, notes }
}

/** What a host's definition says of it beside its features. */
const factsBesideFeatures = ({ vendor, model, signature, microcode, maxphysaddr, tsc }: HostCpu) => ({
  vendor,
  model,
  signature,
  microcode,
  physBits: maxphysaddr?.bits ?? maxphysaddr?.limit,
  tscHz: tsc?.frequency,
  tscScaling: tsc?.scaling,
})

/** Reads hosts that stand as libvirt prints them: where their features are one list, so are the sets of them. */
export class PrintedHostReader {
  readonly #context: Context
  readonly #known = new Map<HostCpu['features'], PrintedCpu & { readonly member: Member }>()

  constructor(context: Context) {
    this.#context = context
  }

  /** The members in what was found. @param change is made to each that is read for the first time */
  read(found: Found, source: string, change: (member: Member) => Member): Member[] {
    const host: PrintedCpu | undefined =
      found.kind === 'document' ? found.printed : found.kind === 'host' ? { cpu: found.cpu } : undefined
    const like = host && found.called === undefined && !found.report ? this.#like(host) : undefined
    if (like) return [like]
    const members = membersOf(this.#context, found, source).map(change)
    const [member] = members
    // Of a CPU that is not looked at as bits the definition is kept whole.
    if (host && member?.kind === 'host' && !member.facts.definition && this.#known.size < MANY)
      this.#known.set(host.cpu.features, { ...host, member })
    return members
  }

  /** The host like one with the same features that was read before, with a number of its own. */
  #like(host: PrintedCpu): Member | undefined {
    const { cpu, frame, member } = this.#known.get(host.cpu.features) ?? {}
    if (!cpu || member?.kind !== 'host' || frame !== host.frame) return undefined
    const { arch, model, vendor } = host.cpu
    if (cpu.arch !== arch || cpu.model !== model || cpu.vendor !== vendor) return undefined
    if (cpu === host.cpu && frame === undefined) return { ...member }
    const uuid = frame && { uuid: host.uuid }
    return { ...member, facts: { ...member.facts, ...factsBesideFeatures(host.cpu), ...uuid } }
  }
}

/** A definition by itself, or one in capabilities. */
type PrintedCpu = Pick<PrintedHost, 'cpu'> & Partial<PrintedHost>

/** Of so many lists of features the hosts are kept: a fleet may have one for each. */
const MANY = 1024

/**
 * A host as the registers of its cores tell of it; where they are of several kinds, what those have in common.
 * @throws LibvirtError where they are of no known CPU
 */
function hostOfRegisters(context: Context, dumps: readonly RegisterDump[]): Member {
  const kinds = dumps.map(({ arch, registers }) => detect(context.map, arch, registers, { best: true }))
  const [first, ...rest] = kinds.map(cpu => hostOfCpu(context, cpu))
  if (first?.kind !== 'host') throw new RangeError('a machine without CPUs')
  const notes: Note[] = dumps.flatMap(({ notes: said = [] }) => said.map(saidNote))
  if (rest.length === 0) return { ...first, notes: [...first.notes, ...notes] }
  const all = [first, ...rest].flatMap(member => (member.kind === 'host' ? member.facts : []))
  const facts = {
    ...first.facts,
    features: all.reduce((set, { features }) => set.meet(features), first.facts.features),
    core: [...new Set(all.flatMap(({ core }) => core ?? []))].join(' + ') || undefined,
    model: undefined,
  }
  const groups = dumps.map(({ cpus }) => cpus)
  return { ...first, facts, notes: [{ kind: 'cpus-differ', groups }, ...first.notes, ...notes] }
}

/** What `<capabilities>` say of their host beside its CPU. */
function aroundHost(capabilities: Element, cpu: Element): Partial<HostMember> {
  const host = child(capabilities, 'host')
  const uuid = host && child(host, 'uuid')
  const cells = host && child(host, 'topology') && child(child(host, 'topology') ?? host, 'cells')
  const counts = cells ? children(cells, 'cell').flatMap(cell => children(cell, 'cpus')) : []
  const cpus = counts.reduce((sum, { attributes }) => sum + Number(attributes.num), 0)
  return {
    uuid: uuid && textOf(uuid).trim(),
    cpus: Number.isSafeInteger(cpus) && cpus > 0 ? cpus : undefined,
    emulators: emulatorsIn(capabilities, cpu),
    handsOver: host && child(host, 'iommu')?.attributes.support === 'no' ? false : undefined,
  }
}

/** The emulators for guests of the host's own architecture; undefined: none is named. */
function emulatorsIn(capabilities: Element, cpu: Element): ReadonlySet<string> | undefined {
  const arch = child(cpu, 'arch')
  const name = arch && textOf(arch).trim()
  const own = children(capabilities, 'guest')
    .flatMap(guest => children(guest, 'arch'))
    .filter(({ attributes }) => attributes.name === name)
  const found = own
    .flatMap(guest => [guest, ...children(guest, 'domain')])
    .flatMap(around => children(around, 'emulator').map(one => textOf(one).trim()))
  return found.length > 0 ? new Set(found) : undefined
}

/** A dump of what guests are given, not of what the CPU has, describes a hypervisor that tells nothing of models. */
function memberOfDumps(context: Context, dumps: readonly DistinctDump[]): Member {
  const member = hostOfDumps(context, dumps)
  if (member.kind !== 'host' || dumps[0]?.layer !== 'offered') return member
  const { known = context.db.features.all, ...facts } = member.facts
  const offered = Evidence.recorded(facts.features, known)
  return { ...member, kind: 'hypervisor', facts: { ...facts, models: new Map(), offered } }
}

/** A host as one machine's logical CPUs say; where they are of several kinds, what those have in common. */
function hostOfDumps(context: Context, dumps: readonly DistinctDump[]): Member {
  const { read, sizesOf } = requireDecoder(context.map)
  const data = meetData(dumps.map(dump => read(dump.data)))
  const [first] = dumps
  if (!data || !first) throw new RangeError('a dump without CPUs')
  const { features, vendor, signature } = data
  const facts = {
    brand: brandOf(first.data),
    ...first.facts,
    features,
    known: dumps.length > 1 ? knownOfAll(context, dumps, features) : knownOf(context, first, features),
    signature,
    ...sizesOf(first.data),
    ...(dumps.some(one => one.isOpen || !one.data.has(1, 0)) ? {} : named(context, data)),
    vendor: vendor?.name,
  }
  const notes = dumps.flatMap(dump => notesOf(dump)).flatMap(inFleet)
  if (dumps.length > 1) notes.unshift({ kind: 'cpus-differ', groups: dumps.map(({ cpus }) => cpus) })
  notes.push(...notesOnMisfits(context, facts))
  return { kind: 'host', arch: context.arch, facts, notes, called: first.name }
}

/** To a fleet what a dump does not tell is unknown. Where a list of names is all there is, that is said already. */
const inFleet = (note: Note): Note[] => (note.kind === 'no-msrs' ? [{ ...note, isUnknown: true }] : [note])

/** What a dump tells of. */
function knownOf({ db, map }: Context, dump: DistinctDump, features: FeatureSet): FeatureSet {
  const { data, known, vocabulary, isOpen } = dump
  if (known) return coverageOfWords(db, known)
  if (isOpen) return features
  return vocabulary ? coverageOf(db, vocabulary).join(features) : requireDecoder(map).coverage(data)
}

/** What several CPUs tell of: what all have, and what one is known to lack. */
function knownOfAll(context: Context, dumps: readonly DistinctDump[], common: FeatureSet): FeatureSet {
  const { read } = requireDecoder(context.map)
  return dumps.reduce((all, dump) => {
    const own = read(dump.data).features
    return all.join(knownOf(context, dump, own).minus(own))
  }, common)
}

/** The model that a dump is best called by; of silicon that no model fits, none. */
function named(context: Context, data: NonNullable<ReturnType<typeof meetData>>): Pick<HostMember, 'model'> {
  try {
    return { model: decodeBits(context, data, { best: true }).model }
  } catch (error) {
    if (error instanceof LibvirtError) return {}
    throw error
  }
}

/**
 * `<domainCapabilities>`: their host-model and the models with blockers; undefined where there is neither.
 * @throws LibvirtError for an unknown model
 */
function hypervisorOfCapabilities(context: Context, element: Element): Member | undefined {
  const { hostModel, models, emulator, arch } = domainCapabilitiesOf(element)
  if (!hostModel && models.size === 0) return undefined
  const cpu = hostModel && parseCpu(hostModel, 'guest')
  const [model = cpu?.model] = models.keys()
  return hypervisorOf(contextOfCpu(context, { arch, model }), cpu, models, emulator, handsOverBy(element))
}

/** Whether domain capabilities list what hands PCI devices over; undefined: they do not say. */
function handsOverBy(capabilities: Element): boolean | undefined {
  const devices = child(capabilities, 'devices')
  const hostdev = devices && child(devices, 'hostdev')
  const backends = (hostdev ? children(hostdev, 'enum') : []).find(
    ({ attributes }) => attributes.name === 'pciBackend',
  )
  return backends && children(backends, 'value').some(value => textOf(value).trim() === 'vfio')
}

/** A hypervisor by the host-model that it tells, and what it says of models. @throws LibvirtError for an unknown model */
function hypervisorOf(
  own: Context,
  hostModel: GuestCpu | undefined,
  models: HypervisorModels,
  hypervisor: string | undefined,
  handsOver?: boolean,
): Member {
  const cpu = hostModel ?? { type: 'guest', features: [] }
  const { features, notes } = knownFeatures(own, cpu)
  const { vendor, model, maxphysaddr } = cpu
  const physBits = maxphysaddr?.bits ?? maxphysaddr?.limit
  const blockers = [...models.values()].flatMap(names => (names === 'unknown' ? [] : names))
  const all =
    hostModel && own.cpus.hostModelHasAll ? own.db.features.all : own.db.features.setOfNames(blockers)
  const offered = Evidence.recorded(features, features.join(all))
  const definition = hostModel && !requireDriver(own.map, own.arch).decoder ? cpu : undefined
  const facts = { features, vendor, model, definition, physBits, hypervisor, models, offered, handsOver }
  return { kind: 'hypervisor', arch: own.arch, facts, notes }
}

/**
 * A recorded conversation with QEMU: what it gives a guest that is to migrate, under the host's own accelerator;
 * undefined where QEMU does not tell its host's CPU.
 * @throws ParseError for a conversation that lacks replies, LibvirtError for a QEMU that is too old
 */
function hypervisorOfConversation(context: Context, conversation: QmpRecording): Member | undefined {
  const capabilities = readQemuCapabilities(conversation, context.arch)
  const { accelerators, version, arch } = capabilities
  const hypervisor = version && `QEMU ${version.major}.${version.minor}.${version.micro}`
  const [own] = accelerators.values()
  const foreign = contextOfCpu(context, { arch, model: undefined })
  if (foreign.arch !== context.arch) return hypervisorAsItStands(foreign, capabilities, hypervisor)
  if (!own?.host) return undefined
  const { db } = context
  const { features, vendor } = decodeProperties(db, mergeReportedProperties(own.host))
  const listed = db.features.setOfNames([...own.host.properties.keys()].map(toLibvirtName))
  const facts = {
    features,
    offered: Evidence.recorded(features, features.join(listed)),
    vendor: vendor?.name,
    model: undefined,
    physBits: undefined,
    hypervisor,
    models: listAllowedModels(own.models?.filter(({ unavailable }) => unavailable) ?? []),
    recorded: capabilities,
    machines: new Set(
      own.machines.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias])),
    ),
  }
  return { kind: 'hypervisor', arch: context.arch, facts, notes: [] }
}

/** Of a QEMU whose CPUs are not looked at as bits: the host-model, where it tells one, and the models that it lists. */
function hypervisorAsItStands(
  context: Context,
  capabilities: QemuCapabilities,
  hypervisor: string | undefined,
): Member | undefined {
  const [first] = capabilities.accelerators
  if (!first) return undefined
  const [accelerator, { models: listed = [] }] = first
  const choice = { accelerator, arch: capabilities.arch, isNative: true }
  const hostModel = computeHypervisorCpu(context.map, capabilities, choice)?.reported
  if (!hostModel && listed.length === 0) return undefined
  const models = new Map(
    listed.map(({ name, unavailable }) => [name, unavailable?.map(toLibvirtName) ?? ('unknown' as const)]),
  )
  return hypervisorOf(context, hostModel, models, hypervisor)
}
