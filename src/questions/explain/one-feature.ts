import type { Feature } from '../../core/feature.ts'
import type { FleetPool } from '../../fleet/pools.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { Reason } from '../words/reason.ts'
import { reasonOf } from '../words/reason.ts'
import { Explainer, type PoolExplanation } from './answer.ts'
import type { LossAnswer } from './reasons.ts'

/** What becomes of one feature in one pool. */
interface FeatureInPool {
  readonly pool: string
  /** `kept`: guests may be given it; `lost`: some host has it and guests do not get it; `absent`: no host has it. */
  readonly fate: 'kept' | 'lost' | 'absent'
  readonly having: readonly string[]
  readonly lacking: readonly string[]
  /** Why it is lost; empty where it is not. */
  readonly because: LossAnswer['because']
}

export interface FeatureAnswer extends Reason {
  readonly pools: readonly FeatureInPool[]
}

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
