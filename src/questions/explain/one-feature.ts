import type { Feature } from '../../core/feature.ts'
import type { FleetPool } from '../../fleet/pools.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/reason.ts'
import type { FeatureAnswer, FeatureInPool, PoolExplanation } from './answer.ts'
import { Explainer } from './compute.ts'

/** What becomes of a feature, pool by pool. @param labels which pools; absent: all */
export function explainFeature(view: FleetView, feature: Feature, labels?: readonly string[]): FeatureAnswer {
  const explainer = new Explainer(view)
  const wanted = view.pools.filter(({ label }) => !labels || labels.includes(label))
  return { ...reasonOf(feature), pools: wanted.map(pool => inPool(feature, pool, explainer.pool(pool))) }
}

function inPool(
  feature: Feature,
  { label, groups }: FleetPool,
  { lost, kept }: PoolExplanation,
): FeatureInPool {
  const names = (has: boolean) =>
    groups
      .filter(({ features }) => feature.bits.leq(features) === has)
      .flatMap(({ hosts }) => hosts.map(({ name }) => name))
  const loss = lost.find(one => one.feature === feature.name)
  const isKept = kept.some(({ features }) => features.some(one => one.feature === feature.name))
  return {
    pool: label,
    fate: loss ? 'lost' : isKept ? 'kept' : 'absent',
    having: names(true),
    lacking: names(false),
    because: loss?.because ?? [],
  }
}
