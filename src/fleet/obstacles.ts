import { allOf, type Evidence, type Verdict } from '../core/evidence.ts'
import type { Feature } from '../core/feature.ts'
import { FeatureSet, Interner } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import {
  type AskedCpu,
  findModelRefusal,
  type HypervisorModels,
  type ModelRefusal,
  type RequestedModel,
} from './asked-model.ts'
import {
  findTermObstacles,
  type GuestTerms,
  isOpenTerm,
  needsNoKvm,
  type TermObstacle,
} from './guest-terms.ts'
import type { FleetHost } from './host.ts'
import { type Reliance, relianceOn } from './interest.ts'

/** What a running guest relies on, or what a host offers. */
export interface CpuFacts {
  readonly features: FeatureSet
  /** Of a host: what it is known to give guests, and to lack; absent: exactly `features`. */
  readonly evidence?: Evidence | undefined
  /** Of a guest: what it may have besides, and nobody recorded; absent: nothing. */
  readonly unread?: FeatureSet | undefined
  /** Absent: a guest that runs on any, a host of which nothing is known. */
  readonly vendor?: string | undefined
  /** The core that a guest sees, or that a host has; absent: that does not count, or is not known. */
  readonly core?: string | undefined
  readonly physBits?: number | undefined
  /** Of a guest: the model that it has by name; absent: none, or one whose bits alone count. */
  readonly requestedModel?: RequestedModel | undefined
  /** Of a guest: its definition, by which its start is judged; absent: its features are all that counts. */
  readonly asked?: AskedCpu | undefined
  /** Of a guest: its model, where nothing is known of that here; its features are then only those that it names. */
  readonly unknownModel?: string | undefined
  /** Of a guest: what else its definition asks of hosts; absent: nothing. */
  readonly terms?: GuestTerms | undefined
  /** Of a host: what its CPU itself has, where that is known apart. */
  readonly hardwareFeatures?: FeatureSet | undefined
  /** Of several hosts of one CPU: which they are. */
  readonly hosts?: readonly FleetHost[] | undefined
  /** Of a host: what its hypervisor says of models; absent: not recorded. */
  readonly models?: HypervisorModels | undefined
}

/** Why a guest may not go to a host. */
export type Obstacle =
  | { readonly kind: 'vendor'; readonly guestHas: string; readonly hostHas: string | undefined }
  /** The guest sees another core than the host has: its hypervisor lets it run on no other. */
  | { readonly kind: 'core'; readonly guestHas: string; readonly hostHas: string | undefined }
  /** The guest has it, the host has not. */
  | { readonly kind: 'feature'; readonly feature: Feature; readonly reliance: Reliance }
  /** The guest has it, and nothing is known of the host's. */
  | { readonly kind: 'unknown'; readonly feature: Feature }
  /** Nothing is known of the guest's model, so nothing of what it needs. */
  | { readonly kind: 'guest-model'; readonly model: string }
  /**
   * The guest addresses more memory than the host can: libvirt and QEMU let it go, and it crashes there when it
   * uses an address beyond.
   */
  | { readonly kind: 'phys-bits'; readonly guestBits: number; readonly hostBits: number }
  /** The host's hypervisor cannot give the guest's model, for more than what is missing of the guest's CPU. */
  | ModelRefusal
  /** The host has these, and the guest's definition rules them out. */
  | { readonly kind: 'excess'; readonly features: readonly string[] }
  /** Every guest is given these, and the definition, which is checked in full, does not list them. */
  | { readonly kind: 'unlisted'; readonly features: readonly string[] }
  | Exclude<TermObstacle, { readonly kind: 'excess' }>

/** Of what the guest has, what the host is known to lack, and what nothing is known of there. */
function findMissing(table: FeatureTable, guest: CpuFacts, host: CpuFacts) {
  const { features } = guest
  const { evidence } = host
  const unread = findUnread(guest, host)
  if (!evidence) return { missing: table.inWithout(features, host.features), unknown: table.in(unread) }
  const unknown = unread.isEmpty
    ? table.inWithout(features, evidence.known)
    : table.in(evidence.unknown(features).join(unread))
  return { missing: table.inBoth(features, evidence.absent), unknown }
}

/** What the guest may have and the host is not known to give. */
const findUnread = ({ unread = FeatureSet.empty }: CpuFacts, { evidence, features }: CpuFacts): FeatureSet =>
  unread.minus(evidence?.possible ?? features)

/** What of a guest is compared with hosts: of one whose CPU is emulated, none of that. */
function comparedOf(guest: CpuFacts): CpuFacts {
  const { terms } = guest
  return needsNoKvm(terms) ? { features: FeatureSet.empty, terms: { ...terms, excluded: undefined } } : guest
}

/**
 * Everything that keeps the guest from the host, features in map order; empty: it may go, and runs on safely. If all
 * are `isOpen`, nothing speaks against it.
 */
export function findObstacles(table: FeatureTable, mover: CpuFacts, host: CpuFacts): Obstacle[] {
  const guest = comparedOf(mover)
  const found: Obstacle[] = []
  if (hasOtherVendor(guest, host))
    found.push({ kind: 'vendor', guestHas: guest.vendor ?? '', hostHas: host.vendor })
  else if (hasOtherCore(guest, host))
    found.push({ kind: 'core', guestHas: guest.core ?? '', hostHas: host.core })
  if (guest.unknownModel !== undefined) found.push({ kind: 'guest-model', model: guest.unknownModel })
  const { missing: lacking, unknown } = findMissing(table, guest, host)
  const has = (name: string) => table.get(name)?.bits.meets(host.evidence?.possible ?? host.features) ?? false
  for (const feature of lacking) found.push({ kind: 'feature', feature, reliance: relianceOn(feature, has) })
  for (const feature of unknown) found.push({ kind: 'unknown', feature })
  const [wanted, given] = [guest.physBits, host.physBits]
  if (wanted !== undefined && given !== undefined && wanted > given) {
    found.push({ kind: 'phys-bits', guestBits: wanted, hostBits: given })
  }
  for (const one of termObstacles(guest, host)) {
    if (one.kind !== 'excess') found.push(one)
    else found.push({ kind: 'excess', features: table.in(one.features).map(({ name }) => name) })
  }
  const refusal = findRefusal(guest, host)
  if (refusal) {
    const missing = new Set(found.flatMap(one => (one.kind === 'feature' ? one.feature.name : [])))
    const more = refusal.blockers.filter(name => !missing.has(name))
    if (more.length > 0 || refusal.because !== 'blocked') found.push({ ...refusal, blockers: more })
  }
  return found
}

/**
 * What guests of the host must see, as hazards are and what VERW does, or all hosts of a guest must agree on, and the guest
 * does not see. libvirt lets it go. Of a guest of an unknown model nothing is known; to another vendor none moves safely.
 * @param from where it runs: what is so there too is not new; absent: not known
 */
export function findHazards(
  table: FeatureTable,
  guest: CpuFacts,
  host: CpuFacts,
  from?: CpuFacts,
): FeatureSet {
  const isApart = guest.unknownModel !== undefined || needsNoKvm(guest.terms)
  if (isApart || hasOtherVendor(guest, host)) return FeatureSet.empty
  const dangers = dangersIn(table)
  const unseen = from ? dangers(host).orAlike : dangers(host).hazards
  if (unseen.leq(guest.features)) return FeatureSet.empty
  // What is told of where it runs is of the same orders.
  return unseen.minus(guest.features).minus(from ? dangers(from).orAlike : FeatureSet.empty)
}

/** What guests of a host must see, and that with what all hosts of a guest must agree on. */
const dangersIn = oncePer((table: FeatureTable) =>
  oncePer((host: CpuFacts) => ({
    hazards: mayGive(host).meet(table.withOrder('|')),
    orAlike: mayGive(host).meet(table.withOrder('|', '=')),
  })),
)

/** What the host's CPU has that guests may be given. */
const mayGive = ({ features: own, evidence }: CpuFacts): FeatureSet =>
  evidence ? own.meet(evidence.possible) : own

/** Whether an obstacle is only that something is not known. */
export const isOpen = (one: Obstacle): boolean =>
  one.kind === 'unknown' ||
  one.kind === 'guest-model' ||
  ((one.kind === 'vendor' || one.kind === 'core') && one.hostHas === undefined) ||
  ((one.kind === 'passed' || one.kind === 'tsc' || one.kind === 'emulator' || one.kind === 'refused') &&
    isOpenTerm(one))

const termObstacles = ({ terms }: CpuFacts, host: CpuFacts): TermObstacle[] =>
  terms ? findTermObstacles(terms, host) : []

/** What the definition's terms come to: `unknown` where nothing known speaks against them. */
function keepsTerms(guest: CpuFacts, host: CpuFacts): Verdict {
  const found = termObstacles(guest, host)
  return found.length === 0 ? 'yes' : found.every(isOpenTerm) ? 'unknown' : 'no'
}

const findRefusal = ({ requestedModel }: CpuFacts, { models }: CpuFacts): ModelRefusal | undefined =>
  requestedModel && models && findModelRefusal(requestedModel, models)

/** Whether libvirt lets the guest go: as `cpu-compare` of the host with the guest's CPU. */
export const isAllowedByLibvirt = (guest: CpuFacts, host: CpuFacts): boolean =>
  ['yes', 'assumed'].includes(givesFeatures(guest, host)) && !hasOtherVendor(guest, host)

function givesFeatures(guest: CpuFacts, host: CpuFacts): Verdict {
  const { features, unknownModel } = guest
  const given = host.evidence?.gives(features) ?? (features.leq(host.features) ? 'yes' : 'no')
  const isWhole = unknownModel === undefined && findUnread(guest, host).isEmpty
  return isWhole ? given : allOf([given, 'unknown'])
}

/** Whether it may go and runs on safely; `no` only for what is known. */
export function findMoveVerdict(mover: CpuFacts, host: CpuFacts): Verdict {
  const guest = comparedOf(mover)
  const isWider =
    guest.physBits !== undefined && host.physBits !== undefined && guest.physBits > host.physBits
  const others: Verdict = isWider || findRefusal(guest, host) ? 'no' : 'yes'
  const identity = [isSame(guest.vendor, host.vendor), isSame(guest.core, host.core)]
  return allOf([...identity, others, givesFeatures(guest, host), keepsTerms(guest, host)])
}

/** Whether a host is of what the guest sees: of one that nobody told it is unknown. */
const isSame = (guest: string | undefined, host: string | undefined): Verdict =>
  guest === undefined || guest === host ? 'yes' : host === undefined ? 'unknown' : 'no'

/** Whether it may go and runs on safely: there is no obstacle. */
export function canMove(mover: CpuFacts, host: CpuFacts): boolean {
  const guest = comparedOf(mover)
  return (
    isAllowedByLibvirt(guest, host) &&
    !hasOtherCore(guest, host) &&
    !findRefusal(guest, host) &&
    keepsTerms(guest, host) === 'yes' &&
    (guest.physBits === undefined || host.physBits === undefined || guest.physBits <= host.physBits)
  )
}

const hasOtherCore = (guest: CpuFacts, host: CpuFacts): boolean =>
  guest.core !== undefined && guest.core !== host.core

const hasOtherVendor = (guest: CpuFacts, host: CpuFacts): boolean =>
  guest.vendor !== undefined && guest.vendor !== host.vendor

/** Keys that are equal for guests, or for hosts, of which nothing that an obstacle depends on differs. */
export class CpuKeys {
  readonly #sets = new Interner()
  readonly #lists = new Map<object, number>()

  keyOf({
    features,
    evidence,
    physBits,
    vendor,
    core,
    requestedModel,
    asked: _,
    unknownModel,
    models,
    terms,
    ...host
  }: CpuFacts): string {
    const cpu = `${this.#sets.intern(features).key} ${physBits ?? ''} ${vendor ?? ' '} ${core ?? ' '}`
    const model = requestedModel
      ? ` ${requestedModel.name} ${[...requestedModel.disabled].sort().join(' ')}`
      : unknownModel === undefined
        ? ''
        : ` unknown ${unknownModel}`
    const known = evidence ? ` of ${this.#numberOf(evidence)}` : ''
    const on = models ? ` on ${this.#numberOf(models)}` : ''
    return `${cpu}${known}${model}${on}${terms ? this.#keyOfTerms(terms) : ''}${this.#keyOfHost(host)}`
  }

  /** Equal for guests of whose starts the same comes, by their facts of a start. */
  keyOfStart(guest: CpuFacts): string {
    const { asked, requestedModel, vendor, physBits, terms } = guest
    if (!asked) return this.keyOf(guest)
    return `${asked.key} of ${requestedModel?.name} ${requestedModel?.replaceable} ${vendor} ${physBits}${terms ? this.#keyOfTerms(terms) : ''}`
  }

  #keyOfTerms({
    excluded,
    bonds = [],
    machine,
    emulator,
    pciDevice,
    selectors,
    tscHz,
    passed,
    request,
  }: GuestTerms): string {
    const without = excluded ? this.#sets.intern(excluded).key : ''
    const host = passed ? this.#numberOf(passed) : passed
    return ` but ${without} ${bonds.join(' ')} ${machine} ${emulator} ${pciDevice} ${selectors?.join(' ')} ${tscHz} ${host}${request ? ` ${this.#numberOf(request)}` : ''}`
  }

  /** What of a host only some guests' terms look at. */
  #keyOfHost(host: Partial<FleetHost>): string {
    const { signature: s, microcode, kernel, machines, emulators, handsOver, labels, judge } = host
    const { tscHz, tscScaling, xsaveSize, lineSize } = host
    const rate = tscScaling === undefined ? '' : ` ${tscScaling ? 'any' : tscHz}`
    const lists = [machines, emulators, labels, judge].map(list => (list ? ` ${this.#numberOf(list)}` : ''))
    const isNothing = !s && !kernel && rate === '' && handsOver === undefined && lists.join('') === ''
    return isNothing
      ? ''
      : ` ${s?.family}.${s?.model}.${s?.stepping} ${microcode} ${kernel} ${xsaveSize} ${lineSize} ${handsOver}${rate}${lists.join()}`
  }

  /** Hosts of one document share one list. */
  #numberOf(models: object): number {
    const number = this.#lists.get(models) ?? this.#lists.size
    this.#lists.set(models, number)
    return number
  }
}

/** Numbers CPUs from 0, equal ones alike, so that whether one goes to another is asked once for all of them. */
export class CpuKinds {
  readonly #keys = new CpuKeys()
  readonly #numbers = new Map<string, number>()
  readonly #cpus: CpuFacts[] = []
  readonly #known: (boolean | undefined)[][] = []

  /** The number of this CPU. */
  numberOf(cpu: CpuFacts): number {
    const key = this.#keys.keyOf(cpu)
    const number = this.#numbers.get(key) ?? this.#cpus.push(cpu) - 1
    this.#numbers.set(key, number)
    return number
  }

  /** Whether a guest of the one number may move to a host of the other. */
  canMove(guest: number, host: number): boolean {
    let row = this.#known[guest]
    if (!row) {
      row = []
      this.#known[guest] = row
    }
    const known = row[host]
    if (known !== undefined) return known
    const [from, to] = [this.#cpus[guest], this.#cpus[host]]
    const answer = from !== undefined && to !== undefined && canMove(from, to)
    row[host] = answer
    return answer
  }
}
