import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { CauseTable } from '../../map/cause-table.ts'
import { NEVER_OFFERED } from '../../qemu/names.ts'
import type { Group } from '../groups.ts'
import { baselineOf, unionOf } from '../pools.ts'
import type { CauseFinder } from './cause-of.ts'
import type { CauseFinding } from './finding.ts'
import { type LackingGroups, LossTable } from './loss-table.ts'
import { prerequisiteOf } from './prerequisite.ts'

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
    this.#losses = new LossTable(table, finder, groups)
  }

  /**
   * Every feature that some of the groups have and the guest's CPU has not, in map order, with causes.
   * @param guest what the guest's CPU has; absent: all that the hosts have in common
   */
  find(groups: readonly Group[], guest: FeatureSet = baselineOf(groups)): LossCause[] {
    const lost = unionOf(groups).minus(guest)
    const tallies = this.#losses.tally(groups)
    return this.#table.in(lost).map(feature => {
      const own = tallies(feature)
      if (own.length > 0) return { feature, because: own.map(tally => this.#told(feature, tally)) }
      const gate = prerequisiteOf(this.#table, feature)
      const behind = gate && lost.meets(gate.bits) ? tallies(gate) : []
      const because = behind.map(tally => this.#told(feature, tally, gate))
      return { feature, because: because.length > 0 ? because : [this.#own(feature)] }
    })
  }

  /** @param gate what stands behind the loss, where the groups have the feature itself */
  #told(feature: Feature, tally: LackingGroups, gate?: Feature): LossReason {
    const [first] = tally.groups
    if (!first) return this.#own(feature)
    const finding = this.#finder.forGroup(first)(gate ?? feature)
    return { ...tally, finding: gate ? { ...finding, behind: gate } : finding }
  }

  #own = (feature: Feature): LossReason => ({
    finding: explainGuestLoss(this.#causes, feature),
    groups: [],
    hosts: 0,
  })
}

/** Why guests do not get what every host has: it blocks migrations, no hypervisor gives it, or their model lacks it. */
function explainGuestLoss(causes: CauseTable, feature: Feature): CauseFinding {
  const { name, migratable, class: of } = feature
  const kept = NEVER_OFFERED.has(name) || of === 'platform' || of === 'volatile'
  const cause = !migratable ? 'not-migratable' : kept ? 'hypervisor' : 'model'
  const remedy = causes.remedy(cause, name) ?? causes.remedy('unknown', name) ?? ''
  return { cause, confidence: 'high', remedy, evidence: [] }
}
