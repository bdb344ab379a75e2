import { FeatureSet } from '../../core/feature-set.ts'

/**
 * For each set, the meet of all the others, in three meets a set: what comes before it and what comes after
 * are each folded once. Of a single set the others are none, and have nothing.
 */
export function meetsWithout(sets: readonly FeatureSet[]): FeatureSet[] {
  const after: (FeatureSet | undefined)[] = [undefined]
  for (const set of sets.slice(1).reverse()) after.push(both(set, after.at(-1)))
  let before: FeatureSet | undefined
  return sets.map(set => {
    const others = both(before, after.pop()) ?? FeatureSet.empty
    before = both(before, set)
    return others
  })
}

/** The meet, where undefined stands for the CPU that has everything. */
const both = (a: FeatureSet | undefined, b: FeatureSet | undefined): FeatureSet | undefined =>
  a && b ? a.meet(b) : (a ?? b)
