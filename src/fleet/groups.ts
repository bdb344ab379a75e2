import type { Evidence } from '../core/evidence.ts'
import { FeatureSet, Interner } from '../core/feature-set.ts'
import type { Signature } from '../core/model.ts'
import { bytewise, groupBy } from '../core/text.ts'
import { type HypervisorModels, meetHypervisorModels } from './asked-model.ts'
import { type FleetHost, weightOf } from './host.ts'

/** Hosts of one CPU: equal in what guests can have and what the CPU has, in vendor, core, signature and width of physical addresses. */
export interface Group {
  /** The bytewise least of its hosts' names. */
  readonly name: string
  /** Bytewise by name; never empty. */
  readonly hosts: readonly FleetHost[]
  /** Equal sets are one object in all groups of one call. */
  readonly features: FeatureSet
  /** What they are known to give guests; undefined: exactly `features`. */
  readonly evidence: Evidence | undefined
  /** What guests are not given unasked, whatever the CPU has. */
  readonly withheld: FeatureSet
  /** What nobody recorded whether it is given. */
  readonly unsure: FeatureSet
  /** What guests that are to move are given there: known, or assumed. */
  readonly offered: FeatureSet
  /** What their CPU itself has, where that is known apart from what the hypervisor gives of it. */
  readonly hardwareFeatures: FeatureSet | undefined
  readonly vendor: string | undefined
  /** The core that guests see; undefined: that does not count. */
  readonly core?: string | undefined
  readonly signature: Signature | undefined
  readonly physBits: number | undefined
  /** What the hypervisors of all its hosts say of models, as far as they were recorded; undefined: none was. */
  readonly models: HypervisorModels | undefined
  /** The sum of its hosts' weights. */
  readonly weight: number
  /** The group of which these are only some of the hosts. */
  readonly partOf?: Group
}

/** How many hosts groups have, or what is like them. */
export const countHosts = (groups: readonly { readonly hosts: readonly unknown[] }[]): number =>
  groups.reduce((sum, { hosts }) => sum + hosts.length, 0)

/**
 * The hosts by their CPU, groups bytewise by name. Microcode, model name, clock and kernel do not part hosts:
 * they may be why bits differ, and are not what a guest sees.
 * @throws RangeError for a weight that is not a whole number from 0
 */
export function groupHosts(hosts: Iterable<FleetHost>): Group[] {
  const drafts = new GroupDrafts()
  for (const host of [...hosts].sort((a, b) => bytewise(a.name, b.name))) {
    const draft = drafts.of(host)
    draft.hosts.push(host)
    draft.weight += weightOf(host)
  }
  return [...drafts.all].map(makeGroup)
}

/** The group with only these of its hosts, which are in its order; at least one. */
export const narrowGroup = (group: Group, hosts: readonly FleetHost[]): Group => ({
  ...makeGroup({
    features: group.features,
    hosts,
    weight: hosts.reduce((sum, host) => sum + weightOf(host), 0),
  }),
  partOf: group.partOf ?? group,
})

interface GroupDraft {
  readonly features: FeatureSet
  readonly hosts: FleetHost[]
  weight: number
}

class GroupDrafts {
  readonly #sets = new Interner()
  readonly #byHash = new Map<string, GroupDraft>()
  readonly #byKey = new Map<string, GroupDraft>()
  /** Hosts whose sets are the same objects are grouped without a look into these. */
  readonly #byFeatures = new Map<FeatureSet, GroupDraft[]>()

  get all(): Iterable<GroupDraft> {
    return this.#byKey.values()
  }

  of(host: FleetHost): GroupDraft {
    const { documentHash, features } = host
    const hash = documentHash === undefined ? undefined : `${documentHash} ${host.physBits}`
    const same = hash === undefined ? undefined : this.#byHash.get(hash)
    // Versions that a fleet file adds to equal documents may still make two offers of them.
    if (same?.hosts[0]?.evidence === host.evidence && same) return same
    const near = this.#byFeatures.get(features) ?? []
    const alike = near.find(({ hosts: [first] }) => first && areAlike(first, host))
    const draft = alike ?? this.#find(host)
    if (!near.includes(draft)) this.#byFeatures.set(features, [...near, draft])
    if (hash !== undefined) this.#byHash.set(hash, draft)
    return draft
  }

  #find(host: FleetHost): GroupDraft {
    const sets = this.#sets
    const { features, key } = sets.intern(host.features)
    const { vendor = '', core = '', signature: s, physBits = '', hardwareFeatures } = host
    const own = hardwareFeatures ? sets.intern(hardwareFeatures).key : ''
    const { evidence, withheld = FeatureSet.empty, unsure = FeatureSet.empty } = host
    const known = evidence
      ? [evidence.absent, evidence.possible, withheld, unsure].map(set => sets.intern(set).key).join(' ')
      : ''
    const whole = `${key} ${own} ${known} ${s ? `${s.family}.${s.model}.${s.stepping}` : ''} ${physBits} ${vendor} ${core}`
    const draft = this.#byKey.get(whole) ?? { features, hosts: [], weight: 0 }
    this.#byKey.set(whole, draft)
    return draft
  }
}

const sameSignature = (a: Signature | undefined, b: Signature | undefined): boolean =>
  a === b || (a?.family === b?.family && a?.model === b?.model && a?.stepping === b?.stepping)

const GROUPED_BY = [
  'evidence',
  'withheld',
  'unsure',
  'hardwareFeatures',
  'vendor',
  'core',
  'physBits',
] as const satisfies (keyof FleetHost)[]

const areAlike = (a: FleetHost, b: FleetHost): boolean =>
  GROUPED_BY.every(key => a[key] === b[key]) && sameSignature(a.signature, b.signature)

function makeGroup({ features, hosts, weight }: Omit<GroupDraft, 'hosts'> & Pick<Group, 'hosts'>): Group {
  const [first] = hosts
  if (!first) throw new RangeError('a group has at least one host')
  const { name, evidence, hardwareFeatures, vendor, core, signature, physBits } = first
  const { withheld = FeatureSet.empty, unsure = FeatureSet.empty } = first
  const models = meetHypervisorModels(hosts.flatMap(host => host.models ?? []))
  return {
    name,
    hosts,
    features,
    evidence,
    withheld,
    unsure,
    offered: (evidence?.possible ?? features).minus(withheld).minus(unsure),
    hardwareFeatures,
    vendor,
    core,
    signature,
    physBits,
    models,
    weight,
  }
}

/** Hosts between which guests are to move. */
export interface FleetPool {
  /** Empty: the pool of the hosts that name none. */
  readonly label: string
  /** Bytewise by name; never empty. */
  readonly groups: readonly Group[]
}

/** The pools that the hosts' labels make, bytewise by label. */
export function splitIntoPools(groups: readonly Group[]): FleetPool[] {
  const pools = new Map<string, Group[]>()
  for (const group of groups) {
    for (const [label, hosts] of groupBy(group.hosts, ({ pool = '' }) => pool)) {
      const part = hosts.length === group.hosts.length ? group : narrowGroup(group, hosts)
      const pool = pools.get(label)
      if (pool) pool.push(part)
      else pools.set(label, [part])
    }
  }
  return [...pools]
    .map(([label, parts]) => ({ label, groups: parts.sort((a, b) => bytewise(a.name, b.name)) }))
    .sort((a, b) => bytewise(a.label, b.label))
}

/** What guests of every group are given, known or assumed. Of no groups: nothing. */
export function baselineOf(groups: readonly Group[]): FeatureSet {
  const [first, ...rest] = groups
  if (!first) return FeatureSet.empty
  return rest.reduce((common, { offered }) => common.meet(offered), first.offered)
}

/** What guests cannot leave: the vendor, or the core where they see it. Empty: not known. */
export const identityOf = ({ vendor = '', core }: Group): string => core ?? vendor

/** What parts the groups, each once, bytewise. */
export const vendorsOf = (groups: readonly Group[]): string[] =>
  [...new Set(groups.map(identityOf))].sort(bytewise)

/** Whether groups are known to be parted: hosts of which nobody tells the vendor may be of that of the others. */
export const areParted = (vendors: readonly string[]): boolean => vendors.filter(Boolean).length > 1

/** What any of the groups gives, or its CPU has and a hypervisor may give. */
export const unionOf = (groups: readonly Group[]): FeatureSet =>
  groups.reduce((set, { features, hardwareFeatures, evidence, withheld }) => {
    const own = hardwareFeatures ? features.join(hardwareFeatures) : features
    return set.join(evidence ? own.minus(withheld).join(evidence.possible) : own)
  }, FeatureSet.empty)
