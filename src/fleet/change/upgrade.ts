import { allOf, Evidence, VERDICTS, type Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { Database } from '../../map/database.ts'
import { compareVersions, versionOf } from '../../map/kvm-rules.ts'
import { correctionsOf, listBeyond } from '../../map/qemu-models.ts'
import { builtinReleases } from '../../map/releases.ts'
import { builtinUpgradeFacts, type HostVersions, hasReached, type UpgradeFact } from '../../map/upgrades.ts'
import { makeFullGuest } from '../arrows.ts'
import type { HypervisorModels } from '../asked-model.ts'
import { type FleetGuest, followsHost } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import { CpuKeys, findMoveVerdict, findObstacles, isOpen, type Obstacle } from '../obstacles.ts'
import { judgeStart } from '../places.ts'

/** What upgrades are computed from. */
export interface UpgradeContext {
  readonly db: Database
  /** libvirt's name of the fleet's architecture. */
  readonly arch: string
}

/** What is known of the versions of a host's programs. */
export const hostVersions = ({ hypervisor, libvirt, kernel }: FleetHost): HostVersions => ({
  qemu: versionOf(hypervisor),
  libvirt: versionOf(libvirt),
  kernel: versionOf(kernel),
})

/** What a host gives guests, as far as versions decide it. */
export type VersionedOffer = Pick<FleetHost, 'features' | 'evidence' | 'withheld' | 'unsure'>

/**
 * The host with other versions of its programs; as it is where it has them already.
 * @param offerOf what it would give guests then
 */
export function upgradeHost(
  { db, arch }: UpgradeContext,
  host: FleetHost,
  to: HostVersions,
  offerOf: (before: FleetHost, after: FleetHost) => VersionedOffer,
): FleetHost {
  const from = hostVersions(host)
  const isSame = (['qemu', 'libvirt', 'kernel'] as const).every(tool => isReached(from[tool], to[tool]))
  if (isSame) return host
  const next: FleetHost = {
    ...host,
    hypervisor: to.qemu === undefined ? host.hypervisor : `QEMU ${to.qemu}`,
    libvirt: to.libvirt ?? host.libvirt,
    kernel: to.kernel ?? host.kernel,
    isHypothetical: true,
    // What another QEMU makes of guests was not recorded.
    judge: to.qemu === undefined ? host.judge : undefined,
    documentHash: undefined,
  }
  const offer = offerOf(host, next)
  const after = { ...next, ...offer, evidence: withRelease({ db, arch }, { ...next, ...offer }) }
  const machines = to.qemu === undefined ? host.machines : machinesOf(toolOf(arch), to.qemu, host)
  return { ...after, machines, models: modelsAfter(db, toolOf(arch), host, after) }
}

const isReached = (from: string | undefined, to: string | undefined): boolean =>
  to === undefined || (from !== undefined && compareVersions(from, to) === 0)

/** QEMU of an architecture, as `releases.txt` has it. */
export const toolOf = (arch: string): string => (arch === 'x86_64' ? 'qemu' : `qemu-${arch}`)

/** The machine types of a QEMU by its version. */
interface MachinesOfVersion {
  /** Whether it may have the machine type. */
  has(name: string): boolean
  /** Undefined: not known, as of a distribution's own. */
  tell(name: string): boolean | undefined
}

const VERSIONED = /^(?:pc(?:-i440fx|-q35)?|virt|pseries|s390-ccw-virtio)-(\d+\.\d+)(?:\.\d+)?$/
const ALIASES: ReadonlySet<string> = new Set(['pc', 'q35', 'virt', 'pseries', 's390-ccw-virtio'])

/** @param before the host with the machine types that were recorded of it: a build that leaves out upstream's still does */
function machinesOf(tool: string, version: string, before?: FleetHost): MachinesOfVersion {
  const releases = builtinReleases()
  const newest = releases.versions(tool).at(-1)
  const told = before && hostVersions(before).qemu
  const tell = (name: string): boolean | undefined => {
    const own = VERSIONED.exec(name)?.[1]
    if (own === undefined) return ALIASES.has(name) || undefined
    if (newest === undefined) return undefined
    if (compareVersions(own, version) > 0) return false
    const usual = before?.machines && told !== undefined && name.replace(own, told)
    if (usual && !before.machines.has(usual)) return undefined
    const isBeyond = compareVersions(version, newest) > 0
    if (isBeyond && compareVersions(own, newest) > 0) return undefined
    if (!releases.knows(tool, version, name)) return false
    return isBeyond && releases.deprecatedIn(tool, name) !== undefined ? undefined : true
  }
  return { tell, has: name => tell(name) !== false }
}

const tellMachine = (machines: FleetHost['machines'], name: string): boolean | undefined =>
  machines && 'tell' in machines ? (machines as MachinesOfVersion).tell(name) : machines?.has(name)

/** Whether versions know a model, as far as they are known. */
const knowsModel = (tool: string, { qemu, libvirt }: HostVersions, name: string): boolean =>
  (qemu === undefined || builtinReleases().knows(tool, qemu, name)) &&
  (libvirt === undefined || builtinReleases().knows('libvirt', libvirt, name))

/** The models of the upgraded host, each with what keeps it from running; undefined where none were recorded. */
function modelsAfter(
  db: Database,
  tool: string,
  before: FleetHost,
  after: FleetHost,
): HypervisorModels | undefined {
  const { models } = before
  if (!models || models.size === 0) return models
  const [from, to] = [hostVersions(before), hostVersions(after)]
  const isNew = (name: string) => from.qemu === undefined || !knowsModel(tool, from, name)
  const names = [...models.keys(), ...db.models.flatMap(({ name }) => (isNew(name) ? name : []))]
  const known = [...new Set(names)].filter(name => knowsModel(tool, to, name))
  return new Map(known.map(name => [name, blockersAfter(db, name, models.get(name), before, after)]))
}

const evidenceOf = (db: Database, { features, evidence }: FleetHost): Evidence =>
  evidence ?? Evidence.recorded(features, db.features.all)

/** What is known of the host with what its QEMU does not know, which it does not give. */
function withRelease({ db, arch }: UpgradeContext, host: FleetHost): Evidence {
  const { qemu } = hostVersions(host)
  const isUnknown = (name: string) => qemu !== undefined && !builtinReleases().knows(toolOf(arch), qemu, name)
  const lacking = db.features.setOf(db.features.list.filter(({ name }) => isUnknown(name)))
  return evidenceOf(db, host).refinedBy(Evidence.recorded(FeatureSet.empty, lacking))
}

/** @param old what kept it before; absent: it is new */
function blockersAfter(
  db: Database,
  name: string,
  old: readonly string[] | 'unknown' | undefined,
  before: FleetHost,
  after: FleetHost,
): readonly string[] | 'unknown' {
  if (old === 'unknown' || old?.includes('?')) return old
  const [was, is] = [evidenceOf(db, before), evidenceOf(db, after)]
  const model = db.model(name)
  const needed = model ? model.features.join(listBeyond(db).get(model) ?? FeatureSet.empty) : FeatureSet.empty
  const lacking = needed.meet(old ? is.absent.minus(was.absent) : is.absent)
  const still = old?.filter(blocker => db.features.get(blocker)?.bits.meets(is.absent) ?? true) ?? []
  const blockers = [...still, ...db.features.in(lacking).map(feature => feature.name)]
  const doubted = old?.length === 0 ? needed.meet(was.possible).minus(is.possible) : is.unknown(needed)
  return blockers.length === 0 && !doubted.isEmpty ? 'unknown' : blockers
}

/** Whether a guest can be somewhere, and what is in the way. */
export interface Judgement {
  readonly verdict: Verdict
  /** Undefined: there is no such host. */
  readonly host: FleetHost | undefined
  readonly obstacles: readonly Obstacle[]
  /** What versions change by themselves that is in the way, or may be. */
  readonly facts: readonly UpgradeFact[]
  /** Of which of these nobody knows whether the QEMU there has, or can give, the guest's; absent: of none. */
  readonly unknown?: readonly ('machine' | 'model')[]
}

const NOWHERE: Judgement = { verdict: 'no', host: undefined, obstacles: [], facts: [] }

/** What becomes of a guest where hosts of its pool are upgraded. */
export interface GuestFlight {
  readonly guest: FleetGuest
  /** Its move, as it runs, to the upgraded host that is best for it, and from there back to where it runs now. */
  readonly there: Judgement
  readonly back: Judgement
  /** Once it was powered off: its start there, what CPU it gets, and its move from there to a host as it was. */
  readonly start: Judgement
  readonly gained: FeatureSet
  readonly lost: FeatureSet
  readonly startBack: Judgement
}

/** The hosts of a pool as they were, and those that are upgraded. */
export interface UpgradedPool {
  readonly before: readonly FleetHost[]
  readonly upgraded: readonly FleetHost[]
}

type FactVerdict = readonly [UpgradeFact, Verdict]

interface Findings extends Pick<Judgement, 'obstacles' | 'verdict'> {
  readonly facts: readonly FactVerdict[]
}

/** Judges the guests of pools. Guests, and hosts, of equal CPUs are judged once. */
export class FlightPlan {
  readonly #context: UpgradeContext
  readonly #keys = new CpuKeys()
  readonly #moves = new Map<string, Judgement>()
  readonly #targets = new Map<FleetHost, FleetHost>()
  readonly #kinds = new Map<readonly FleetHost[], readonly FleetHost[]>()

  constructor(context: UpgradeContext) {
    this.#context = context
  }

  /** @param machine the machine type that it is given at its next start; absent: it keeps its own */
  of(guest: FleetGuest, { before, upgraded }: UpgradedPool, machine?: string): GuestFlight {
    const home = before.find(({ name }) => name === guest.host)
    const there = this.#best(upgraded, host => this.#move(guest, home, host))
    const next = machine === undefined ? guest : withMachine(this.#context.db, guest, machine)
    const own = upgraded.filter(({ name }) => name === guest.host)
    const places = [own, upgraded, before].find(({ length }) => length > 0) ?? []
    const start = this.#best(places, host => this.#start(next, host))
    const started = start.host ? this.#startedOn(next, start.host) : next
    return {
      guest,
      there,
      back: this.#comeBack(guest, there.host, home, before),
      start,
      gained: started.features.minus(guest.features),
      lost: guest.features.minus(started.features),
      startBack: this.#best(home ? [home] : before, host => this.#move(started, start.host, host)),
    }
  }

  /** The best of what hosts come to; of equal ones the one with the least in the way, then the first. */
  #best(hosts: readonly FleetHost[], judge: (host: FleetHost) => Judgement): Judgement {
    const kinds = this.#kinds.get(hosts) ?? [
      ...new Map(hosts.map(host => [this.#keyOfHost(host), host])).values(),
    ]
    this.#kinds.set(hosts, kinds)
    const rank = ({ verdict }: Judgement) => VERDICTS.indexOf(verdict)
    const isBetter = (one: Judgement, other: Judgement) =>
      rank(one) === rank(other) ? one.obstacles.length < other.obstacles.length : rank(one) < rank(other)
    const [first = NOWHERE, ...rest] = kinds.map(judge)
    return rest.reduce((best, found) => (isBetter(found, best) ? found : best), first)
  }

  #keyOfHost(host: FleetHost): string {
    const { qemu, libvirt } = hostVersions(host)
    return `${this.#keys.keyOf(host)} ${qemu} ${libvirt}`
  }

  /** Where it runs it can run, whatever documents say: what is in the way lies in the guest, or in versions. */
  #comeBack(
    guest: FleetGuest,
    from: FleetHost | undefined,
    home: FleetHost | undefined,
    before: readonly FleetHost[],
  ): Judgement {
    if (!from) return NOWHERE
    if (!home) return this.#best(before, host => this.#move(guest, from, host))
    const bound = { features: FeatureSet.empty, terms: { bonds: guest.terms?.bonds } }
    const obstacles = findObstacles(this.#context.db.features, bound, home)
    return this.#judged(home, {}, { obstacles, verdict: 'assumed', facts: findFacts(guest, from, home) })
  }

  #move(guest: FleetGuest, from: FleetHost | undefined, host: FleetHost): Judgement {
    const were = from ? hostVersions(from) : {}
    const key = [this.#keys.keyOf(guest), guest.threads, were.qemu, were.libvirt, this.#keyOfHost(host)].join(
      ' ',
    )
    const known = this.#moves.get(key)
    if (known) return { ...known, host }
    const [target, bare] = [this.#target(host), withoutMachine(guest)]
    const obstacles = findObstacles(this.#context.db.features, bare, target)
    const verdict = allOf([findMoveVerdict(bare, target), 'assumed'])
    const found = this.#judged(host, guest, { obstacles, verdict, facts: findFacts(guest, from, host) })
    this.#moves.set(key, found)
    return found
  }

  #start(guest: FleetGuest, host: FleetHost): Judgement {
    const { obstacles } = judgeStart(this.#context.db, withoutMachine(guest), this.#target(host))
    const verdict = obstacles.length === 0 ? 'assumed' : obstacles.every(isOpen) ? 'unknown' : 'no'
    return this.#judged(host, guest, { obstacles, verdict, facts: findFacts(guest, host, host) })
  }

  /** What was found, with what the host's QEMU has of the guest's machine type and model. */
  #judged(
    host: FleetHost,
    { terms: { machine } = {}, requestedModel }: Pick<FleetGuest, 'terms' | 'requestedModel'>,
    { obstacles, verdict, facts }: Findings,
  ): Judgement {
    const model = requestedModel?.name
    const told = machine === undefined ? true : tellMachine(this.#target(host).machines, machine)
    const lacks = machine !== undefined && told === false ? [{ kind: 'machine', machine } as const] : []
    const isOpenModel =
      model !== undefined && host.isHypothetical === true && host.models?.get(model) === 'unknown'
    const own = told === undefined || isOpenModel ? 'unknown' : told ? 'yes' : 'no'
    return {
      verdict: allOf([verdict, obstacles.every(isOpen) ? 'yes' : 'no', own, ...facts.map(([, one]) => one)]),
      host,
      obstacles: [...obstacles, ...lacks],
      facts: facts.map(([fact]) => fact),
      unknown: [
        ...(told === undefined ? (['machine'] as const) : []),
        ...(isOpenModel ? (['model'] as const) : []),
      ],
    }
  }

  /** The host with all that its versions tell: what its QEMU does not know it does not give. */
  #target(host: FleetHost): FleetHost {
    const known = this.#targets.get(host)
    if (known) return known
    const { db, arch } = this.#context
    const [versions, tool] = [hostVersions(host), toolOf(arch)]
    const { qemu } = versions
    const names = arch === 'x86_64' ? db.models.map(({ name }) => name) : []
    const named = names.flatMap(name =>
      knowsModel(tool, versions, name) ? [[name, 'unknown'] as const] : [],
    )
    const target: FleetHost = {
      ...host,
      evidence: withRelease(this.#context, host),
      models: host.models ?? (named.length > 0 ? new Map(named) : undefined),
      machines: host.machines ?? (qemu === undefined ? undefined : machinesOf(tool, qemu)),
    }
    this.#targets.set(host, target)
    return target
  }

  /** The guest with the CPU that it gets where it starts there. */
  #startedOn(guest: FleetGuest, host: FleetHost): FleetGuest {
    const { db } = this.#context
    if (followsHost(guest)) {
      const features = makeFullGuest(db)(host).features.minus(guest.without ?? FeatureSet.empty)
      const isWhole = guest.mode === 'host-passthrough' || guest.mode === 'maximum'
      return { ...guest, features, ...(isWhole && { terms: { ...guest.terms, passed: host } }) }
    }
    const { possible, absent } = evidenceOf(db, this.#target(host))
    const features = (guest.required ?? guest.features).join(guest.features.meet(possible))
    const given = builtinUpgradeFacts().flatMap(fact => {
      const isGiven = fact.kind === 'gives' && hasReached(hostVersions(host), fact) === true
      return isGiven && db.features.setOfNames(fact.having).leq(features) ? fact.features : []
    })
    return { ...guest, features: features.join(db.features.setOfNames(given).minus(absent)) }
  }
}

/** What versions change by themselves that keeps a guest from going from one host to another, or may. */
function findFacts(guest: FleetGuest, from: FleetHost | undefined, to: FleetHost): FactVerdict[] {
  const [were, are] = [from ? hostVersions(from) : {}, hostVersions(to)]
  return builtinUpgradeFacts().flatMap((fact): FactVerdict[] => {
    if (hasReached(are, fact) !== true || fact.kind === 'gives') return []
    if (fact.kind === 'needs') {
      const isMet = hasReached(are, fact.least)
      return isMet ? [] : [[fact, isMet === false ? 'no' : 'unknown']]
    }
    const [isAlike, isTaken] = [hasReached(were, fact), hasReached(are, fact.until)]
    if ((guest.threads ?? 1) < 2 || isAlike === true || isTaken === true) return []
    return [[fact, isAlike === false && isTaken === false ? 'no' : 'unknown']]
  })
}

const withoutMachine = (guest: FleetGuest): FleetGuest =>
  guest.terms?.machine === undefined ? guest : { ...guest, terms: { ...guest.terms, machine: undefined } }

/** The guest defined with another machine type: QEMU's model may have other features with it. */
function withMachine(db: Database, guest: FleetGuest, machine: string): FleetGuest {
  const other = { ...guest, terms: { ...guest.terms, machine } }
  const model = guest.model === undefined ? undefined : db.model(guest.model)
  if (!model) return other
  const beyond = (type = '') => {
    const { has, lacks } = correctionsOf(
      [model.name, model.canonical ?? model.name],
      VERSIONED.exec(type)?.[1],
    )
    return model.features.join(db.features.setOfNames(has)).minus(db.features.setOfNames(lacks))
  }
  const [old, young] = [beyond(guest.terms?.machine), beyond(machine)]
  const change = (set: FeatureSet) => set.minus(old.minus(young)).join(young.minus(old).meet(model.features))
  return {
    ...other,
    features: change(guest.features),
    ...(guest.required && { required: change(guest.required) }),
  }
}

/** The models that come, and go, between versions. */
export function modelsBetween(
  { db, arch }: UpgradeContext,
  from: HostVersions,
  to: HostVersions,
): { readonly added: string[]; readonly removed: string[] } {
  const names = arch === 'x86_64' ? db.models.map(({ name }) => name) : []
  const isKnown = (versions: HostVersions) => (name: string) => knowsModel('qemu', versions, name)
  const [was, is] = [isKnown(from), isKnown(to)]
  return {
    added: names.filter(name => is(name) && !was(name)),
    removed: names.filter(name => was(name) && !is(name)),
  }
}
