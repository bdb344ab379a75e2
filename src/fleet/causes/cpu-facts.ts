import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import { matches, type Signature } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'
import { type Effect, isAffected } from '../../map/effects.ts'
import type { Generation, SiliconVerdict } from '../../map/generations.ts'
import type { Group } from '../groups.ts'
import type { FleetHost } from '../host.ts'
import type { FindingEvidence } from './finding.ts'

/** The different versions that the hosts of a group run, as far as they are known. */
interface Versions {
  readonly microcode: ReadonlySet<number>
  readonly kernel: ReadonlySet<string>
  readonly hypervisor: ReadonlySet<string>
}

/** The versions of each group, read once: groups may have thousands of hosts. */
export class VersionIndex {
  readonly #known = new Map<Group, Versions>()

  versionsOf(group: Group): Versions {
    const known = this.#known.get(group) ?? {
      microcode: new Set(group.hosts.flatMap(({ microcode }) => microcode ?? [])),
      kernel: new Set(group.hosts.flatMap(({ kernel }) => kernel ?? [])),
      hypervisor: new Set(group.hosts.flatMap(({ hypervisor }) => hypervisor ?? [])),
    }
    this.#known.set(group, known)
    return known
  }

  /** Of all these groups together. */
  versionsOfAll(groups: readonly Group[]): Versions {
    const all = groups.map(group => this.versionsOf(group))
    return {
      microcode: new Set(all.flatMap(({ microcode }) => [...microcode])),
      kernel: new Set(all.flatMap(({ kernel }) => [...kernel])),
      hypervisor: new Set(all.flatMap(({ hypervisor }) => [...hypervisor])),
    }
  }
}

/** The revisions, where every one known of those without is older than every one known of those with it. */
export function findOlderMicrocode(mine: Versions, theirs: Versions): FindingEvidence | undefined {
  if (mine.microcode.size === 0 || theirs.microcode.size === 0) return undefined
  const [without, having] = [Math.max(...mine.microcode), Math.min(...theirs.microcode)]
  return without < having ? { kind: 'microcode', without, having } : undefined
}

/** Whether some revision is on both sides: then the revision is not what parts them. */
export const sharesRevision = (mine: Versions, theirs: Versions): boolean =>
  [...mine.microcode].some(revision => theirs.microcode.has(revision))

/** A version of each side, where both are known and none is on both. */
export function findOtherVersion(
  kind: 'kernel' | 'hypervisor',
  mine: Versions,
  theirs: Versions,
): FindingEvidence | undefined {
  const [without] = mine[kind]
  const [having] = theirs[kind]
  if (without === undefined || having === undefined) return undefined
  return [...mine[kind]].some(version => theirs[kind].has(version)) ? undefined : { kind, without, having }
}

/** What is known of the CPU of a group's hosts, whatever guests are given of it. */
export interface CpuKnowledge {
  readonly group: Group
  /** What it has, as far as a document tells of it; undefined: only its hypervisor was described. */
  readonly hardware: FeatureSet | undefined
  /** Whether only the kernel tells of it, which hides what it does not use. */
  readonly byKernel: boolean
  /** The hosts are virtual machines: what these lack, their hypervisor may hide. */
  readonly isVirtual: boolean
  /** The generations that it may be of; several where its signature is not known: those of its name, else those that have its features. */
  readonly generations: readonly Generation[]
  /** The brand strings of the hosts, as far as they are known. */
  readonly brands: readonly string[]
}

/** What is known of the group's CPU. */
export function knowCpu(cpus: FleetCpus, group: Group): CpuKnowledge {
  const { hosts, hardwareFeatures, features } = group
  const layers = new Set(hosts.flatMap(({ readFrom = [] }) => readFrom.map(({ layer }) => layer)))
  const isTold = layers.size === 0 || layers.has('hardware') || layers.has('kernel')
  const hardware = hardwareFeatures ?? (isTold ? features : undefined)
  const bit = cpus.db.features.get('hypervisor')?.bits
  return {
    group,
    hardware,
    byKernel: layers.has('kernel') && !layers.has('hardware'),
    isVirtual: bit !== undefined && hardware !== undefined && bit.leq(hardware),
    generations: possibleGenerations(cpus, group, hardware ?? features),
    brands: [...new Set(hosts.flatMap(({ brand }) => brand ?? []))],
  }
}

/**
 * The generation of a host's CPU, by its signature. Without a signature: the generations whose products have that name
 * and that can have the host's features, because a virtual machine may have any name. Empty: not known.
 */
export function generationsOf(
  cpus: FleetCpus,
  { vendor, signature, brand, hardwareFeatures, features }: FleetHost,
): readonly Generation[] {
  const table = cpus.facts?.().generations
  if (vendor === undefined || !table) return []
  if (signature && signature.family !== 0) return [table.find(vendor, signature) ?? []].flat()
  const called = brand === undefined ? [] : table.called(vendor, brand)
  if (called.length === 0) return []
  const able = table.thatHave(vendor, (hardwareFeatures ?? features).minus(madeByKvm(cpus)))
  return called.filter(one => able.includes(one))
}

/** Of hosts that are of no known generation those that can have what they have. */
function possibleGenerations(cpus: FleetCpus, group: Group, features: FeatureSet): readonly Generation[] {
  const { vendor, hosts, signature } = group
  const byBrand = new Map(hosts.map(host => [host.brand, host]))
  const found = Array.from(byBrand.values(), host => generationsOf(cpus, host))
  if (signature?.family || found.every(list => list.length > 0)) return [...new Set(found.flat())]
  const table = cpus.facts?.().generations
  if (vendor === undefined || !table) return []
  return table.thatHave(vendor, features.minus(madeByKvm(cpus)))
}

/** What KVM gives guests whatever the CPU has: it tells nothing of the CPU. */
const madeByKvm: (cpus: FleetCpus) => FeatureSet = oncePer(({ db, facts }: FleetCpus) =>
  db.features.setOfNames(
    facts?.().kvm.rules.flatMap(({ kind, features }) =>
      kind === 'given' || kind === 'judged' ? features : [],
    ) ?? [],
  ),
)

/** What is known of a feature in this silicon; undefined: nothing. */
export function judgeSilicon(
  cpus: FleetCpus,
  { group, generations, brands }: CpuKnowledge,
  feature: FeatureSet,
): SiliconVerdict | undefined {
  const table = cpus.facts?.().generations
  if (!table) return undefined
  const [brand = ''] = brands.length === 1 ? brands : []
  return table.judge(feature, group.vendor ?? '', generations, brand)
}

/** Whether the effect can happen on this CPU; of an unknown signature: on all that it may be. */
export function canAffect(effect: Effect, { group, generations }: CpuKnowledge): boolean {
  if (group.signature && group.signature.family !== 0) return isAffected(effect, group)
  if (effect.on.length === 0) return true
  return (
    generations.length > 0 &&
    generations.every(one => isAffected(effect, { ...group, signature: newest(one) }))
  )
}

/** A signature of the generation. */
function newest({ signatures: [range] }: Generation): Signature | undefined {
  return range && { family: range.family, model: range.models[0], stepping: range.steppings[1] }
}

/** Whether both are known to be one product; undefined: the name of one is not known. */
export function isSameProduct(one: CpuKnowledge, other: CpuKnowledge): boolean | undefined {
  if (one.brands.length !== 1 || other.brands.length !== 1) return undefined
  return one.brands[0] === other.brands[0]
}

/** What is known of one signature: the fleet's groups that have it, and the named models that match it. */
interface Peers {
  readonly groups: readonly Group[]
  /** What any of them has. */
  readonly any: FeatureSet
  /** Names of the models of that signature; empty: the database knows none. */
  readonly models: readonly string[]
  /** What any of these models has. */
  readonly inModels: FeatureSet
}

/** What is known of one vendor. */
interface VendorFacts {
  /** What any of the fleet's hosts of it, or any model of it, has. */
  readonly any: FeatureSet
}

/** The fleet by signature and vendor, so that a question about one host need not look at all. */
export class FleetFacts {
  readonly db: Database
  readonly #groups: readonly Group[]
  readonly #bySignature = new Map<string, Peers>()
  readonly #withFeature = new Map<Feature, readonly string[]>()
  readonly #byVendor = new Map<string, VendorFacts>()

  constructor(db: Database, groups: readonly Group[]) {
    this.db = db
    this.#groups = groups
  }

  /** Undefined where the group's signature is not known. */
  peersOf(group: Group): Peers | undefined {
    const key = signatureKey(group)
    if (key === undefined) return undefined
    const known = this.#bySignature.get(key) ?? this.#peers(group, key)
    this.#bySignature.set(key, known)
    return known
  }

  factsOfVendor(name: string): VendorFacts {
    const known = this.#byVendor.get(name) ?? {
      any: joinAll([
        ...this.#groups.filter(group => group.vendor === name).map(({ features }) => features),
        ...this.db.models.filter(model => model.vendor?.name === name).map(({ features }) => features),
      ]),
    }
    this.#byVendor.set(name, known)
    return known
  }

  /** The vendors of the groups that have the feature, each once, in the order of the groups. */
  vendorsWith(feature: Feature): readonly string[] {
    const having = () => this.#groups.filter(({ features }) => feature.bits.leq(features))
    const known = this.#withFeature.get(feature) ?? [...new Set(having().map(({ vendor = '' }) => vendor))]
    this.#withFeature.set(feature, known)
    return known
  }

  #peers({ signature, vendor }: Group, key: string): Peers {
    const groups = this.#groups.filter(group => signatureKey(group) === key)
    const models = this.db.models.filter(
      model => signature && model.vendor?.name === vendor && matches(model.signatures, signature),
    )
    return {
      groups,
      any: joinAll(groups.map(({ features }) => features)),
      models: models.map(({ name }) => name),
      inModels: joinAll(models.map(({ features }) => features)),
    }
  }
}

/** Equal for hosts of the same hardware; undefined where the signature is not known. */
export const signatureKey = ({ vendor = '', signature: s }: Group): string | undefined =>
  s && s.family !== 0 ? `${vendor} ${s.family}.${s.model}.${s.stepping}` : undefined

const joinAll = (sets: readonly FeatureSet[]): FeatureSet =>
  sets.reduce((all, set) => all.join(set), FeatureSet.empty)
