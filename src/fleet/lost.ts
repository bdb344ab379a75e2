import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import type { CauseFinder } from './cause-of.ts'
import type { CauseTable } from './cause-table.ts'
import type { Finding } from './finding.ts'
import type { Group } from './groups.ts'
import { baselineOf } from './pools.ts'

/** A feature that some hosts of a pool have and its guests do not get. */
export interface LostFeature {
  readonly feature: Feature
  /** Why, and which groups lack it for that reason, most hosts first. */
  readonly because: readonly Because[]
}

export interface Because {
  readonly finding: Finding
  /** How many hosts the groups have. */
  readonly hosts: number
  /** In the order given; empty: every host has it, and the guest's CPU has not. */
  readonly groups: readonly Group[]
}

/**
 * Every feature that some of the groups have and the guest's CPU has not, in map order, with causes.
 * @param guest what the guest's CPU has; absent: all that the hosts have in common
 */
export function lostFeatures(
  table: FeatureTable,
  causes: CauseTable,
  finder: CauseFinder,
  groups: readonly Group[],
  guest?: FeatureSet,
): LostFeature[] {
  const common = baselineOf(groups)
  const any = groups.reduce((set, { features }) => set.join(features), FeatureSet.empty)
  const lost = any.minus(guest ?? common)
  const tallies = tally(table, finder, groups, lost)
  return table.in(lost).map(feature => ({
    feature,
    because: tallies[feature.index]?.sort((a, b) => b.hosts - a.hosts) ?? [ownFault(causes, feature)],
  }))
}

/** Every host has it: the guest's CPU leaves it out. */
function ownFault(causes: CauseTable, feature: Feature): Because {
  const cause = feature.migratable ? 'model' : 'not-migratable'
  const mend = causes.mend(cause, feature.name) ?? ''
  return { finding: { cause, confidence: 'high', mend, evidence: [] }, groups: [], hosts: 0 }
}

/** By index of each feature that some group lacks, its groups by cause and confidence. */
function tally(
  table: FeatureTable,
  finder: CauseFinder,
  groups: readonly Group[],
  lost: FeatureSet,
): Tally[][] {
  const tallies: Tally[][] = []
  for (const group of groups) {
    const find = finder.of(group)
    for (const feature of table.in(lost.minus(group.features))) {
      const finding = find(feature)
      let list = tallies[feature.index]
      if (!list) {
        list = []
        tallies[feature.index] = list
      }
      const same = alike(list, finding)
      if (same) {
        same.groups.push(group)
        same.hosts += group.hosts.length
      } else list.push({ finding, groups: [group], hosts: group.hosts.length })
    }
  }
  return tallies
}

/** A loop, not `find`: it runs for every group and every feature that it lacks. */
function alike(list: readonly Tally[], { cause, confidence }: Finding): Tally | undefined {
  for (const one of list) {
    if (one.finding.cause === cause && one.finding.confidence === confidence) return one
  }
  return undefined
}

interface Tally extends Because {
  readonly groups: Group[]
  hosts: number
}
