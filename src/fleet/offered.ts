import type { FeatureSet } from '../core/feature-set.ts'
import type { Database } from '../map/database.ts'
import { NEVER_OFFERED } from '../qemu/names.ts'
import { gateOf } from './causes/prerequisite.ts'
import type { Group } from './groups.ts'
import { baselineOf } from './pools.ts'

/**
 * What guests of a pool that are to migrate may be given of its baseline: not what blocks a migration, and not what
 * hypervisors keep to themselves, nor details of vmx or svm where those are not given. Where every host's hypervisor told what it gives, that is known; else it is what no
 * hypervisor offers, and of power, debug and topology what no named model of today has.
 */
export function offered(db: Database, groups: readonly Group[]): FeatureSet {
  const told = groups.every(({ hosts }) => hosts.every(({ models }) => models))
  const given = baselineOf(groups).minus(told ? fixed(db) : fixed(db).join(unusual(db)))
  const orphans = db.features.in(given).filter(feature => {
    const gate = gateOf(db.features, feature)
    return gate && !gate.bits.leq(given)
  })
  return given.minus(db.features.setOf(orphans))
}

/**
 * What of the baseline blocks a migration by itself, and is not taken away where a model has it: `xsaves` of
 * Skylake and after.
 */
export const tolerated = ({ features }: Database, groups: readonly Group[]): FeatureSet =>
  baselineOf(groups).meet(features.setOf(features.list.filter(({ migratable }) => !migratable)))

const memo = new WeakMap<Database, { readonly fixed: FeatureSet; readonly unusual: FeatureSet }>()

const fixed = (db: Database): FeatureSet => known(db).fixed
const unusual = (db: Database): FeatureSet => known(db).unusual

function known(db: Database): { readonly fixed: FeatureSet; readonly unusual: FeatureSet } {
  const found = memo.get(db) ?? { fixed: fixedOf(db), unusual: unusualOf(db) }
  memo.set(db, found)
  return found
}

const fixedOf = ({ features }: Database): FeatureSet =>
  features.setOf(features.list.filter(({ name, migratable }) => !migratable || NEVER_OFFERED.has(name)))

/** A model of today has as many features at least. */
const TODAY = 60

function unusualOf({ features, models }: Database): FeatureSet {
  const own = features.setOf(features.list.filter(({ class: of }) => of === 'platform' || of === 'volatile'))
  return models
    .filter(model => model.features.size > TODAY)
    .reduce((set, model) => set.minus(model.features), own)
}
