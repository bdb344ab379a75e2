import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'

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

/** The features without details of what is not there: `vmx-*` without `vmx` means nothing. */
export const withoutVoid = (table: FeatureTable, features: FeatureSet): FeatureSet =>
  table.setOf(
    table.in(features).filter(feature => {
      const parent = prerequisiteOf(table, feature)
      return !parent || parent.bits.leq(features)
    }),
  )
