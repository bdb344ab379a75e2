import type { Feature } from '../../core/feature.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { type Level, nextLevel } from '../../map/levels.ts'
import { baselineOf, type Group } from '../groups.ts'
import { findUnknown } from '../offered.ts'

/** What stands between a pool and the next level: "one flag short of x86-64-v3: f16c on host 4". */
interface Shortfall {
  readonly level: Level
  /** In map order; never empty, unless the database does not know what the level needs. */
  readonly missing: readonly MissingFeature[]
}

interface MissingFeature {
  readonly feature: Feature
  /** The groups that lack it; empty: of none that is known. */
  readonly groups: readonly Group[]
  /** The groups of which nothing is known about it. */
  readonly unknownOn: readonly Group[]
}

/** The shortfall of the groups' baseline; undefined where it reaches the highest level. */
export function findShortfall(
  table: FeatureTable,
  levels: readonly Level[],
  groups: readonly Group[],
): Shortfall | undefined {
  const next = nextLevel(table, levels, baselineOf(groups))
  if (!next) return undefined
  const missing = next.missing.map(feature => {
    const without = groups.filter(group => !feature.bits.leq(group.offered))
    const unknownOn = without.filter(group => !findUnknown(group, feature.bits).isEmpty)
    return { feature, groups: without.filter(group => !unknownOn.includes(group)), unknownOn }
  })
  return { level: next.level, missing }
}
