import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { FeatureTable } from '../../core/feature-table.ts'

/** Features that have a name together, as QEMU's `msa4`. */
interface Group {
  readonly name: string
  readonly features: FeatureSet
  readonly title: string
}

/**
 * The table with groups: where all of one are there, its name stands for them. Groups come first, so that they are
 * found before what is in them.
 */
export function withGroups(table: FeatureTable, groups: readonly Group[]): FeatureTable {
  const grouped = groups.flatMap(group => {
    const [first] = table.in(group.features)
    return first ? [{ ...factsOf(first), name: group.name, bits: group.features, title: group.title }] : []
  })
  const list = [...grouped, ...table.list.map(factsOf)]
  return new FeatureTable(
    list.map((feature, index) => ({ ...feature, index })),
    table.words,
  )
}

const factsOf = (feature: Feature): Omit<Feature, 'index'> => ({
  name: feature.name,
  bits: feature.bits,
  place: feature.place,
  bit: feature.bit,
  migratable: feature.migratable,
  order: feature.order,
  ...(feature.class && { class: feature.class }),
  title: feature.title,
})
