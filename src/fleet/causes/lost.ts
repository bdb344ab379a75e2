import { NEVER_OFFERED } from '../../arch/operations.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { blocksMigration } from '../../formats/qemu/names.ts'
import type { CauseTable } from '../../map/cause-table.ts'
import { baselineOf, countHosts, type Group, unionOf } from '../groups.ts'
import { findUnknown } from '../offered.ts'
import type { CauseFinder } from './cause-of.ts'
import { signatureKey } from './cpu-facts.ts'
import type { CauseFinding } from './finding.ts'

/** A feature that some hosts of a pool have and its guests do not get. */
export interface LossCause {
  readonly feature: Feature
  /** Why, and which groups lack it for that reason, most hosts first. */
  readonly because: readonly LossReason[]
}

export interface LossReason {
  /** Of the first of the groups; the others' has the same cause and confidence. */
  readonly finding: CauseFinding
  /** How many hosts the groups have. */
  readonly hosts: number
  /** In the order given, one object where features are lacked alike; empty: every host has it, and the guest's CPU has not. */
  readonly groups: readonly Group[]
}

/** What pools of a fleet lose. */
export class Losses {
  readonly #table: FeatureTable
  readonly #causes: CauseTable
  readonly #finder: CauseFinder
  readonly #losses: LossTable

  /** @param groups all of the fleet, of which pools have parts */
  constructor(table: FeatureTable, causes: CauseTable, finder: CauseFinder, groups: readonly Group[]) {
    this.#table = table
    this.#causes = causes
    this.#finder = finder
    this.#losses = new LossTable(finder, groups)
  }

  /**
   * Every feature that some of the groups have and the guest's CPU has not, in map order, with causes. Details of nesting
   * go by the guest's model, and are not counted.
   * @param guest what the guest's CPU has; absent: all that the hosts are known to give
   * @param open what it lacks as it is not known of some host, or as it was not asked for: that is not lost
   */
  find(
    groups: readonly Group[],
    guest: FeatureSet = baselineOf(groups),
    open: FeatureSet = FeatureSet.empty,
  ): LossCause[] {
    const nested = this.#table.setOf(this.#table.list.filter(({ class: of }) => of === 'nested'))
    const lost = unionOf(groups).minus(guest).minus(open).minus(nested)
    const tallies = this.#losses.tally(groups)
    const offered = baselineOf(groups)
    return this.#table.in(lost).map(feature => {
      const own = tallies(feature)
      if (own.length > 0)
        return { feature, because: own.map(tally => this.#reasonOf(feature, tally, offered)) }
      const gate = this.#finder.prerequisiteOf(feature)
      const behind = gate && lost.meets(gate.bits) ? tallies(gate) : []
      const because = behind.map(tally => this.#reasonOf(feature, tally, offered, gate))
      return { feature, because: because.length > 0 ? because : [this.#unsure(groups, feature, offered)] }
    })
  }

  /** Of what no group is known to lack in what it gives: some CPU may lack it all the same. */
  #unsure(groups: readonly Group[], feature: Feature, offered: FeatureSet): LossReason {
    const lacking = groups.filter(
      group => !feature.bits.leq(group.features.join(group.offered)) && mayLack(this.#finder, group, feature),
    )
    const hosts = countHosts(lacking)
    return lacking.length > 0
      ? this.#reasonOf(feature, { groups: lacking, hosts }, offered)
      : this.#ownOf(groups, feature, offered)
  }

  /** Of what every CPU has: why one that is not known to give it does not, else why the guest does without. */
  #ownOf(groups: readonly Group[], feature: Feature, offered: FeatureSet): LossReason {
    const own = this.#own(feature, offered)
    if (own.finding.cause !== 'hypervisor' || isNeverGiven(feature)) return own
    const silent = groups.filter(({ offered: given, hardwareFeatures: has }) =>
      has ? feature.bits.leq(has.minus(given)) : false,
    )
    const hosts = countHosts(silent)
    return silent.length > 0 ? this.#reasonOf(feature, { groups: silent, hosts }, offered) : own
  }

  /** @param gate what stands behind the loss, where the groups have the feature itself */
  #reasonOf(feature: Feature, tally: LackingGroups, offered: FeatureSet, gate?: Feature): LossReason {
    const [first] = tally.groups
    if (!first) return this.#own(feature, offered)
    const finding = this.#finder.forGroup(first)(gate ?? feature)
    return { ...tally, finding: gate ? { ...finding, behind: gate } : finding }
  }

  #own = (feature: Feature, offered: FeatureSet): LossReason => ({
    finding: explainGuestLoss(this.#causes, feature, offered),
    groups: [],
    hosts: 0,
  })
}

/** Of what nobody recorded, only the silicon itself says that it is missing: no setting is known to take it away. */
function mayLack(finder: CauseFinder, group: Group, feature: Feature): boolean {
  if (group.evidence?.unknown(feature.bits).isEmpty ?? true) return true
  const { cause } = finder.forGroup(group)(feature)
  return cause === 'silicon' || cause === 'vendor'
}

/** Why guests do not get what every host has: it blocks migrations, no hypervisor gives it, or their model lacks it. */
function explainGuestLoss(causes: CauseTable, feature: Feature, offered: FeatureSet): CauseFinding {
  const { name, bits } = feature
  const kept = isNeverGiven(feature) || !bits.leq(offered)
  const cause = blocksMigration(feature)
    ? 'not-migratable'
    : causes.knows('guest-own', name)
      ? 'guest-own'
      : kept
        ? 'hypervisor'
        : 'model'
  return { cause, confidence: 'high', remedy: causes.remedy(cause, name, 'kept'), evidence: [] }
}

const isNeverGiven = ({ name, class: of }: Feature): boolean =>
  NEVER_OFFERED.has(name) || of === 'platform' || of === 'volatile'

/** Groups that lack a feature for one reason. */
interface LackingGroups {
  readonly groups: readonly Group[]
  readonly hosts: number
}

/** Why groups of a fleet lack features, each worked out when a pool loses the feature, and once for all pools. */
class LossTable {
  readonly #finder: CauseFinder
  /** What some group has. */
  readonly #features: FeatureSet
  /** By group, for each feature by index the number of the reason; 0: the group is not known to lack it. */
  readonly #rows = new Map<Group, Row>()
  /** Numbers of reasons, from 1: a cause with a confidence. */
  readonly #reasons = new Map<string, number>()

  constructor(finder: CauseFinder, groups: readonly Group[]) {
    this.#finder = finder
    this.#features = unionOf(groups)
  }

  /** For the groups of one pool: answers of a feature which of them lack it, by reason, most hosts first. */
  tally(groups: readonly Group[]): (feature: Feature) => readonly LackingGroups[] {
    const rows = groups.map(group => this.#rowOf(group.partOf ?? group))
    const known = new Map<string, readonly LackingGroups[]>()
    return feature => {
      const reasons = rows.map(row => this.#reason(row, feature))
      const key = reasons.join()
      const tallies = known.get(key) ?? tallyBy(groups, reasons)
      known.set(key, tallies)
      return tallies
    }
  }

  #rowOf(group: Group): Row {
    const known = this.#rows.get(group)
    if (known) return known
    const unknown = findUnknown(group, this.#features)
    const row = { group, open: group.features.join(group.offered).join(unknown), reasons: [] }
    this.#rows.set(group, row)
    return row
  }

  #reason({ group, open, reasons }: Row, feature: Feature): number {
    const known = reasons[feature.index]
    if (known !== undefined) return known
    const reason = feature.bits.leq(open) ? 0 : this.#find(group, feature)
    reasons[feature.index] = reason
    return reason
  }

  #find(group: Group, feature: Feature): number {
    if (!mayLack(this.#finder, group, feature)) return 0
    const { cause, confidence } = this.#finder.forGroup(group)(feature)
    const reason = `${cause} ${confidence}`
    const number = this.#reasons.get(reason) ?? this.#reasons.size + 1
    this.#reasons.set(reason, number)
    return number
  }
}

interface Row {
  readonly group: Group
  /** What it has, gives, or may give. */
  readonly open: FeatureSet
  readonly reasons: number[]
}

/** Groups by why they lack a feature, most hosts first. @param reasons of each group its number; 0: it lacks nothing */
function tallyBy(groups: readonly Group[], reasons: readonly number[]): LackingGroups[] {
  const found = new Map<number, { readonly groups: Group[]; hosts: number }>()
  groups.forEach((group, i) => {
    const reason = reasons[i] ?? 0
    if (reason === 0) return
    const tally = found.get(reason) ?? { groups: [], hosts: 0 }
    tally.groups.push(group)
    tally.hosts += group.hosts.length
    found.set(reason, tally)
  })
  return [...found.values()].sort((a, b) => b.hosts - a.hosts)
}

/** Hosts with the same hardware as others and different features. */
export interface Outlier {
  readonly group: Group
  /** The group of the same signature with the most hosts. */
  readonly norm: Group
  /** What the norm has and these hosts have not, with the likely causes. */
  readonly lacks: readonly { readonly feature: Feature; readonly finding: CauseFinding }[]
  /** What these hosts have beyond the norm, with the likely causes of the norm's lack. */
  readonly has: readonly { readonly feature: Feature; readonly finding: CauseFinding }[]
}

/** The odd ones out of a fleet, in the order of the groups. Groups that differ in no feature are not odd. */
export function findOutliers(table: FeatureTable, finder: CauseFinder, groups: readonly Group[]): Outlier[] {
  const norms = new Map<string, Group>()
  for (const group of groups) {
    const key = signatureKey(group)
    if (key === undefined) continue
    const norm = norms.get(key)
    if (!norm || group.hosts.length > norm.hosts.length) norms.set(key, group)
  }
  return groups.flatMap(group => {
    const norm = norms.get(signatureKey(group) ?? '')
    if (!norm || norm === group || norm.features.eq(group.features)) return []
    const found = (one: Group, other: Group) =>
      table
        .in(other.features.minus(one.features))
        .map(feature => ({ feature, finding: finder.forGroup(one)(feature) }))
    return [{ group, norm, lacks: found(group, norm), has: found(norm, group) }]
  })
}
