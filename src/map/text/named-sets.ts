import { FeatureSet } from '../../core/feature-set.ts'
import type { Database } from '../database.ts'
import type { ModelsFile } from '../model-rows.ts'
import { parseDelta } from './delta.ts'

/** The features of every `@set`, by name. */
export function setsOf(db: Database, files: readonly ModelsFile[]): Map<string, FeatureSet> {
  const sets = new Map<string, FeatureSet>()
  const bits = (names: readonly string[]) =>
    names.reduce(
      (all, name) => all.join(sets.get(name) ?? db.features.get(name)?.bits ?? FeatureSet.empty),
      FeatureSet.empty,
    )
  for (const { name, base, delta, at } of files.flatMap(file => file.sets)) {
    const { minus, plus } = parseDelta(delta, at)
    sets.set(name, (sets.get(base ?? '') ?? FeatureSet.empty).minus(bits(minus)).join(bits(plus)))
  }
  return sets
}
