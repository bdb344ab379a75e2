import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'

/** A feature, and its details: what means nothing without it. */
interface Parent {
  readonly bits: FeatureSet
  readonly details: FeatureSet
}

const parentsOf = oncePer(({ db: { features }, prerequisiteOf }: FleetCpus): readonly Parent[] => {
  const details = new Map<Feature, Feature[]>()
  for (const feature of prerequisiteOf ? features.list : []) {
    const parent = prerequisiteOf?.(feature)
    if (parent) details.set(parent, [...(details.get(parent) ?? []), feature])
  }
  return [...details].map(([{ bits }, own]) => ({ bits, details: features.setOf(own) }))
})

/** Every feature that means nothing without another. */
export const detailsIn = (cpus: FleetCpus): FeatureSet =>
  parentsOf(cpus).reduce((all, { details }) => all.join(details), FeatureSet.empty)

/** The features without details of what is not there: `vmx-*` without `vmx` means nothing. */
export const withoutVoid = (cpus: FleetCpus, features: FeatureSet): FeatureSet =>
  parentsOf(cpus).reduce(
    (rest, { bits, details }) => (bits.leq(features) ? rest : rest.minus(details)),
    features,
  )
