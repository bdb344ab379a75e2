import { FeatureSet } from '../core/feature-set.ts'
import { oncePer } from '../core/memo.ts'
import { NEVER_OFFERED } from '../formats/qemu/names.ts'
import type { Database } from '../map/database.ts'
import { prerequisiteOf } from './causes/prerequisite.ts'
import type { Group } from './groups.ts'
import { baselineOf } from './pools.ts'

/**
 * What guests of a pool that are to migrate may be given: not what blocks a migration, and not what hypervisors keep to
 * themselves, nor details of vmx or svm where those are not given. Where not every host's hypervisor reported what it
 * gives, not what of power, debug and topology no named model of today has either.
 */
export function findOfferedByHypervisor(db: Database, groups: readonly Group[]): FeatureSet {
  const isReported = groups.every(({ hosts }) => hosts.every(({ models }) => models))
  const given = findOfferedByAll(groups).minus(
    isReported ? withheldAlways(db) : withheldAlways(db).join(withheldUsually(db)),
  )
  const orphans = db.features.in(given).filter(feature => {
    const gate = prerequisiteOf(db.features, feature)
    return gate && !gate.bits.leq(given)
  })
  return given.minus(db.features.setOf(orphans))
}

/** What all of them give a guest that does not ask for more. */
export function findOfferedByAll(groups: readonly Group[]): FeatureSet {
  const [first, ...rest] = groups.map(({ features, evidence, onRequest = FeatureSet.empty }) =>
    evidence ? evidence.possible.minus(onRequest) : features,
  )
  return rest.reduce((common, offered) => common.meet(offered), first ?? FeatureSet.empty)
}

/**
 * What of the baseline blocks a migration by itself, and is not taken away where a model has it: `xsaves` of
 * Skylake and after.
 */
export const findAllowedInGuest = ({ features }: Database, groups: readonly Group[]): FeatureSet =>
  baselineOf(groups).meet(features.setOf(features.list.filter(({ migratable }) => !migratable)))

const withheldAlways = (db: Database): FeatureSet => readWithheld(db).fixed
const withheldUsually = (db: Database): FeatureSet => readWithheld(db).unusual

const readWithheld = oncePer((db: Database) => ({
  fixed: computeWithheldAlways(db),
  unusual: computeWithheldUsually(db),
}))

const computeWithheldAlways = ({ features }: Database): FeatureSet =>
  features.setOf(features.list.filter(({ name, migratable }) => !migratable || NEVER_OFFERED.has(name)))

/** A model of today has as many features at least. */
const MODERN_MODEL_SIZE = 60

function computeWithheldUsually({ features, models }: Database): FeatureSet {
  const own = features.setOf(features.list.filter(({ class: of }) => of === 'platform' || of === 'volatile'))
  return models
    .filter(model => model.features.size > MODERN_MODEL_SIZE)
    .reduce((set, model) => set.minus(model.features), own)
}
