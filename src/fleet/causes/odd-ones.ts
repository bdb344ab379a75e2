import type { Feature } from '../../core/feature.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Group } from '../groups.ts'
import type { CauseFinder } from './cause-of.ts'
import type { CauseFinding } from './finding.ts'
import { signatureKey } from './peers.ts'

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
