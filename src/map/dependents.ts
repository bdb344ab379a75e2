import type { FeatureSet } from '../core/feature-set.ts'
import { CpuMap } from './cpu-map.ts'
import type { Database } from './database.ts'

/**
 * The features with everything that needs any of them, directly or not: what goes when they go. An installed map
 * does not say what needs what: the built-in data does.
 */
export function withDependents(db: Database, features: FeatureSet): FeatureSet {
  const { dependencies } = db.dependencies.rules.length > 0 ? db : CpuMap.builtIn().of('x86')
  const gone = new Set(db.features.in(features).map(({ name }) => name))
  for (const name of gone) for (const other of dependencies.neededBy(name)) gone.add(other)
  return db.features.setOf([...gone].flatMap(name => db.features.get(name) ?? []))
}
