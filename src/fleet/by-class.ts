import type { Feature } from '../core/feature.ts'
import { WEIGHT_CLASSES, type WeightClass } from '../map/weights.ts'
import { weightClass } from './value.ts'

/** Features of one class, in map order. */
export interface OfClass {
  readonly class: WeightClass
  readonly features: readonly Feature[]
}

/** The features by class, classes in the order of `weights.txt`; classes without any are left out. */
export const byClass = (features: readonly Feature[]): OfClass[] =>
  WEIGHT_CLASSES.map(of => ({
    class: of,
    features: features.filter(feature => weightClass(feature) === of),
  })).filter(({ features: some }) => some.length > 0)
