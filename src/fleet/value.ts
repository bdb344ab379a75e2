import { popcount } from '../core/bits.ts'
import { type Feature, isHazard } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { type ClassWeights, WEIGHT_CLASSES, type WeightClass } from '../map/weights.ts'
import { baselineOf, type Group } from './groups.ts'

/** The class whose weight a feature has. */
export const weightClassOf = (feature: Feature): WeightClass => feature.class ?? 'unknown'

/**
 * What sets of features are worth by weights of classes, and pools by that. A feature of several bits (an
 * installed map may have some) is counted by its lowest bit.
 */
export class Valuation {
  readonly table: FeatureTable
  readonly weights: ClassWeights
  /** For each weight that occurs and is not 0, the bits that have it. */
  readonly #masks: readonly { readonly weight: number; readonly words: Uint32Array }[]

  constructor(table: FeatureTable, weights: ClassWeights) {
    this.table = table
    this.weights = weights
    const byWeight = new Map<number, Uint32Array>()
    for (const feature of table.list) {
      const weight = this.worthOf(feature)
      if (weight === 0) continue
      const words = byWeight.get(weight) ?? table.blank()
      addLowestBit(words, feature)
      byWeight.set(weight, words)
    }
    this.#masks = Array.from(byWeight, ([weight, words]) => ({ weight, words }))
  }

  /** What one feature is worth; a warning is no gain. */
  worthOf(feature: Feature): number {
    return isHazard(feature) ? 0 : this.weights[weightClassOf(feature)]
  }

  /** The bits that are worth anything, by what each is worth. */
  get masks(): readonly { readonly weight: number; readonly words: Uint32Array }[] {
    return this.#masks
  }

  /** What the features of a set are worth together. It never falls when a feature is added. */
  worth(set: FeatureSet): number {
    let sum = 0
    for (const { weight, words } of this.#masks) {
      let bits = 0
      const n = Math.min(words.length, set.words.length)
      for (let i = 0; i < n; i++) bits += popcount((words[i] ?? 0) & (set.words[i] ?? 0))
      sum += weight * bits
    }
    return sum
  }

  /** The value of a pool: the sum of its hosts' weights times the worth of its baseline. */
  valueOfPool(groups: readonly Group[]): number {
    return sumWeights(groups) * this.worth(baselineOf(groups))
  }
}

/** The sum of the groups' weights. */
export const sumWeights = (groups: readonly Group[]): number =>
  groups.reduce((sum, { weight }) => sum + weight, 0)

function addLowestBit(words: Uint32Array, { bits }: Feature): void {
  const at = bits.words.findIndex(word => word !== 0)
  const word = bits.words[at]
  if (word !== undefined) words[at] = (words[at] ?? 0) | (word & -word)
}

/** Features of one class, in map order. */
interface ClassFeatures {
  readonly class: WeightClass
  readonly features: readonly Feature[]
}

/** The features by class, classes in the order of `weights.txt`; classes without any are left out. */
export const groupByClass = (features: readonly Feature[]): ClassFeatures[] =>
  WEIGHT_CLASSES.map(of => ({
    class: of,
    features: features.filter(feature => weightClassOf(feature) === of),
  })).filter(({ features: some }) => some.length > 0)
