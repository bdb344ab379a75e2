import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { oncePer } from '../../core/memo.ts'

/** The features that say that an MSR is there; the others, 480H and up, come with `vmx`. */
const PREREQUISITES: ReadonlyMap<number, string> = new Map([
  [0xcf, 'core-capability'],
  [0x10a, 'arch-capabilities'],
])

/** The name of the feature that says that an MSR is there. */
export const prerequisiteOfMsr = (index: number): string => PREREQUISITES.get(index) ?? 'vmx'

/** The feature without which this one cannot be there: `vmx` of `vmx-ept`; undefined: it stands by itself. */
export function prerequisiteOf(table: FeatureTable, { place, name }: Feature): Feature | undefined {
  if (place.kind === 'msr') return table.get(prerequisiteOfMsr(place.index))
  const isNested = place.kind === 'cpuid' && place.leaf === 0x8000_000a && name !== 'svm'
  return isNested ? table.get('svm') : undefined
}

/** A feature, and its details: what means nothing without it. */
interface Parent {
  readonly bits: FeatureSet
  readonly details: FeatureSet
}

const parentsOf = oncePer((table: FeatureTable): readonly Parent[] => {
  const details = new Map<Feature, Feature[]>()
  for (const feature of table.list) {
    const parent = prerequisiteOf(table, feature)
    if (parent) details.set(parent, [...(details.get(parent) ?? []), feature])
  }
  return [...details].map(([{ bits }, own]) => ({ bits, details: table.setOf(own) }))
})

/** Every feature that means nothing without another. */
export const detailsIn = (table: FeatureTable): FeatureSet =>
  parentsOf(table).reduce((all, { details }) => all.join(details), FeatureSet.empty)

/** The features without details of what is not there: `vmx-*` without `vmx` means nothing. */
export const withoutVoid = (table: FeatureTable, features: FeatureSet): FeatureSet =>
  parentsOf(table).reduce(
    (rest, { bits, details }) => (bits.leq(features) ? rest : rest.minus(details)),
    features,
  )
