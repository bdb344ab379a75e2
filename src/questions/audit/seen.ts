import { type FeatureSet, Interner } from '../../core/feature-set.ts'
import type { Signature } from '../../core/model.ts'
import { didYouMean } from '../../core/text.ts'
import { generationsOf } from '../../fleet/causes/cpu-facts.ts'
import { withoutVoid } from '../../fleet/causes/finding.ts'
import type { FleetPool } from '../../fleet/groups.ts'
import { type FleetGuest, followsHost } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { builtinQemuModels, correctionsOf } from '../../map/qemu-models.ts'
import {
  builtinVulnerabilities,
  isVulnerable,
  readStatus,
  type SeenCpu,
  type Vulnerability,
  type VulnerabilityStatus,
} from '../../map/vulnerabilities.ts'
import { BadRequest } from '../context.ts'
import { guestOfCpu } from '../input/fleet/read-members.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { guestOfExpression, poolCpuOf } from '../pools/choice.ts'

/** A guest, a pool, or a model that guests may be given, with the CPU that a guest's system sees. */
export interface Subject {
  readonly kind: 'pool' | 'guest' | 'model'
  readonly name: string
  /** Undefined: in every pool, or not known. */
  readonly pool: string | undefined
  readonly cpu: SeenCpu
  readonly model: string | undefined
  /** Absent: the subject is no guest. */
  readonly guest?: FleetGuest
}

/** The signature that guests of a model see; undefined: not known. */
export function signatureOfModel({ db }: FleetView, name: string): Signature | undefined {
  const model = db.model(name)
  const names = [model?.canonical ?? name, name]
  const models = builtinQemuModels()
  const facts = models.of(/-v\d+$/.test(names[0] ?? '') ? (names[0] ?? '') : `${names[0]}-v1`)
  const [first] = model?.signatures ?? []
  const own = first && { family: first.family, model: first.model, stepping: 0 }
  return correctionsOf(names).signature ?? facts?.signature ?? own
}

const isX86 = ({ context: { arch } }: FleetView): boolean => /^(?:x86_64|i686)$/.test(arch)

/**
 * Every pool for which a CPU is printed, every guest whose CPU is known in part at least, and every model that is asked for.
 * @throws BadRequest for an unknown model
 */
export function subjectsOf(view: FleetView, models: readonly string[]): Subject[] {
  const { fleet, db } = view
  if (!isX86(view)) return []
  const guests = fleet.guests.map((guest): Subject => {
    const host = fleet.hosts.find(({ name }) => name === guest.host)
    return {
      kind: 'guest',
      name: guest.name,
      pool: guest.pool ?? host?.pool,
      cpu: cpuOfGuest(view, guest, host),
      model: guest.model,
      guest,
    }
  })
  const asked = models.map((name): Subject => {
    const model = db.model(name)
    if (!model) {
      const near = didYouMean(
        db.models.map(known => known.name),
        name,
      )
      throw new BadRequest(`models must be names of models that are known, not '${name}'${near}`)
    }
    const has = (feature: string) =>
      hasNamed(view, model.features.join(db.features.setOf(model.added)), feature)
    const signature = signatureOfModel(view, name)
    return {
      kind: 'model',
      name,
      pool: undefined,
      model: name,
      cpu: { vendor: model.vendor?.name, signature, has },
    }
  })
  return [...view.pools.flatMap(pool => subjectOfPool(view, pool)), ...guests, ...asked]
}

/** A guest with the CPU that is printed for a pool. */
function subjectOfPool(view: FleetView, { label, groups }: FleetPool): Subject[] {
  const { definition } = poolCpuOf(view, groups, undefined, label)
  if (!definition) return []
  const { facts } = guestOfCpu(view.context, guestOfExpression(definition), { name: label })
  const cpu = cpuOfGuest(view, facts, undefined)
  return [{ kind: 'pool', name: label, pool: label, model: facts.model, cpu }]
}

/** What no guest of a named model can be given has no name in QEMU: it is not there. */
const hasNamed = ({ db }: FleetView, features: FleetGuest['features'], name: string): boolean => {
  const feature = db.features.get(name)
  return feature !== undefined && !feature.bits.isEmpty && feature.bits.leq(features)
}

function cpuOfGuest(view: FleetView, guest: FleetGuest, host: FleetHost | undefined): SeenCpu {
  const { vendor = host?.vendor ?? vendorOfModel(view, guest.model), model, mode, threads } = guest
  const hasThreads = threads !== undefined && threads > 1
  const features = withoutVoid(view.cpus, guest.features)
  if (!followsHost(guest)) {
    const isKnown = model !== undefined && guest.unknownModel === undefined
    const signature = isKnown ? signatureOfModel(view, model) : undefined
    const has = (name: string) => hasNamed(view, features, name) || (isKnown ? false : undefined)
    return { vendor, signature, hasThreads, has }
  }
  const signature =
    mode === 'host-model' ? host?.model && signatureOfModel(view, host.model) : host?.signature
  const has = (name: string) => {
    const presence = presenceOn(view, host, name)
    return presence === true && guest.without?.meets(view.db.features.get(name)?.bits ?? guest.without)
      ? false
      : presence
  }
  return { vendor, signature: signature || undefined, hasThreads, has }
}

const vendorOfModel = ({ db }: FleetView, name = ''): string | undefined => db.model(name)?.vendor?.name

/** Whether a host gives its guests a feature; undefined: not known. */
export function presenceOn(
  { db }: FleetView,
  host: FleetHost | undefined,
  name: string,
): boolean | undefined {
  const feature = db.features.get(name)
  if (!host || !feature || feature.bits.isEmpty) return undefined
  const presence = host.evidence?.presenceOf(feature.bits)
  if (presence === undefined) return feature.bits.leq(host.features)
  // It depends on a version, or on what the kernel finds, that nobody recorded.
  if (presence === 'assumed' && host.unsure?.meets(feature.bits)) return undefined
  return presence === 'absent' ? false : presence === 'unknown' ? undefined : true
}

/** Leaves from here on are AMD's and Hygon's. */
const AMDS_OWN = 0x8000_0007

const ofMsr = ({ db: { features } }: FleetView, index: number): FeatureSet =>
  features.setOf(features.list.filter(({ place }) => place.kind === 'msr' && place.index === index))

/** What a host's silicon has, by its document, and by its generation where that tells nothing. */
function cpuOfHost(view: FleetView, host: FleetHost): SeenCpu {
  const { vendor, signature, brand = '' } = host
  const table = view.cpus.facts?.().generations
  const generations = generationsOf(view.cpus, host)
  const own = host.hardwareFeatures ?? host.features
  const has = (name: string): boolean | undefined => {
    const feature = view.db.features.get(name) ?? view.db.beyond.find(one => one.name === name)
    if (vendor === 'Intel' && feature?.place.kind === 'cpuid' && feature.place.leaf > AMDS_OWN) return false
    if (!view.db.features.get(name) || !feature || feature.bits.isEmpty) return undefined
    if (feature.bits.leq(own)) return true
    if (feature.place.kind === 'msr' && own.meets(ofMsr(view, feature.place.index))) return false
    const judged = vendor === undefined ? undefined : table?.judge(feature.bits, vendor, generations, brand)
    if (judged?.kind === 'has') return true
    if (judged?.kind === 'lacks' || judged?.kind === 'vendor') return false
    return feature.place.kind === 'msr' || host.evidence?.absent.meets(feature.bits) !== true
      ? undefined
      : false
  }
  return { vendor, signature, has }
}

/** Whether a host is vulnerable, and who says so. */
export interface Truth {
  readonly host: FleetHost
  readonly affected: boolean | undefined
  readonly by: 'kernel' | 'silicon'
  /** Absent: its kernel says nothing. */
  readonly status?: VulnerabilityStatus
  readonly says: string | undefined
}

/** For each host the first one of which all that is judged here is the same: hosts are many, and their kinds are few. */
export function firstAlike(hosts: readonly FleetHost[]): FleetHost[] {
  const sets = new Interner()
  const keyOf = (set: FeatureSet | undefined) => set && sets.intern(set).key
  const firsts = new Map<string, FleetHost>()
  return hosts.map(host => {
    const { vendor, signature, brand, microcode, mitigations, vulnerabilities } = host
    const seen = [host.features, host.hardwareFeatures, host.evidence?.absent].map(keyOf)
    const key = JSON.stringify([seen, vendor, signature, brand, microcode, mitigations, vulnerabilities])
    const first = firsts.get(key) ?? host
    firsts.set(key, first)
    return first
  })
}

/** What is known of a host: what its kernel says counts, else what its silicon tells. */
export function truthOn(view: FleetView, host: FleetHost, one: Vulnerability): Truth {
  const says = one.file === undefined ? undefined : host.vulnerabilities?.[one.file]
  const status = says === undefined ? undefined : readStatus(builtinVulnerabilities(), one.file ?? '', says)
  const more = { host, says, ...(status ? { status } : {}) }
  if (status && status.state !== 'unknown')
    return { ...more, affected: status.state !== 'safe', by: 'kernel' }
  // The list is of x86's silicon: of other CPUs only their kernels tell.
  const affected = isX86(view) ? isVulnerable(one, cpuOfHost(view, host), false) : undefined
  return { ...more, affected, by: 'silicon' }
}
