import type { Feature } from '../core/feature.ts'
import { FeatureTable } from '../core/feature-table.ts'
import type { Model } from '../core/model.ts'
import { Database } from './database.ts'
import { ModelFamily, Version } from './text/family.ts'

/** Whether a model, a feature or a vendor's twelve bytes of CPUID are known. */
export type Knows = (name: string) => boolean

/** What is known of a database, in its order: the words are the same, and bits of features that are not known mean nothing. */
export function narrowDatabase(db: Database, knows: Knows): Database {
  const features = new FeatureTable(
    db.features.list.filter(({ name }) => knows(name)),
    db.features.words,
  )
  const models = db.models.filter(({ name }) => knows(name)).map(model => narrowModel(model, features, knows))
  return new Database({
    features,
    vendors: db.vendors.filter(({ id }) => knows(id)),
    models,
    whole: { db, families: () => narrowFamilies(db, models, knows) },
  })
}

/** A model without what is not known; the same object where that is nothing. */
function narrowModel(model: Model, table: FeatureTable, knows: Knows): Model {
  const { name, index, vendor, signatures, decode, compat, canonical, features } = model
  const [removed, added] = [knownOf(model.removed, table), knownOf(model.added, table)]
  const hidesCanonical = canonical !== undefined && !knows(canonical)
  const isWhole =
    features.leq(table.all) &&
    removed.length === model.removed.length &&
    added.length === model.added.length &&
    !hidesCanonical
  if (isWhole) return model
  return {
    ...{ name, index, signatures, decode, compat, removed, added },
    features: features.meet(table.all),
    ...(vendor && { vendor }),
    ...(canonical !== undefined && !hidesCanonical && { canonical }),
  }
}

const knownOf = (features: readonly Feature[], table: FeatureTable): readonly Feature[] =>
  features.flatMap(({ name }) => table.get(name) ?? [])

/** Families without the versions that have no known name. */
function narrowFamilies(db: Database, models: readonly Model[], knows: Knows): ModelFamily[] {
  const byName = new Map(models.map(model => [model.name, model]))
  const known = (model: Model | undefined) =>
    model && knows(model.name) ? (byName.get(model.name) ?? model) : undefined
  return db.families.flatMap(family => {
    const versions = family.versions
      .map(({ row, plain, versioned, base }) => new Version(row, known(plain), known(versioned), known(base)))
      .filter(({ plain, versioned }) => plain ?? versioned)
    return versions.length > 0 ? [new ModelFamily(family.row, known(family.parent), versions)] : []
  })
}
