import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { Architecture, Driver } from '../driver.ts'
import { BaselineFold } from './baseline.ts'
import { compareByFeatures } from './compare.ts'
import { encodeDefinition, findCoverage, hardwareAxesOf, readCpuid } from './cpuid.ts'
import { decodeOn, describeHostOn, findClosestCpu } from './decode.ts'
import { featuresOf } from './definition.ts'
import { dropBlockers, moveToAllowedModel, spellOutModel } from './expand.ts'
import { fleetCpusOfX86 } from './fleet.ts'
import { definitionHasFeature, listUnasked, validateFeatures } from './query.ts'
import { correctByCpuid, correctByFeatures, updateGuest } from './update.ts'

export const x86: Architecture = {
  name: 'x86',
  arches: ['i686', 'x86_64'],
  data: { folder: 'x86' },
  settings: ['cache', 'maxphysaddr', 'migratable'],
  hostModelOfHost: true,
  create: x86Driver,
}

function x86Driver(map: CpuMap): Driver {
  const db = map.of('x86')
  const fleet = once(() => fleetCpusOfX86(db))
  return {
    architecture: x86,
    db,
    view: { table: db.features, of: cpu => featuresOf(db, cpu) },
    decoder: {
      db,
      featuresOf: cpu => featuresOf(db, cpu),
      read: data => readCpuid(db, data),
      coverage: data => findCoverage(db, data),
      sizesOf: hardwareAxesOf,
      decode: (bits, options) => findClosestCpu(db, bits, options),
      decodeOn: (bits, model, options) => decodeOn(db, bits, model, options),
      describeHostOn: (bits, model) => describeHostOn(db, bits, model),
    },
    get fleet() {
      return fleet()
    },
    compare: (host, cpu) => compareByFeatures(db, host, cpu),
    update: (guest, host, removed) => updateGuest(db, guest, host, removed),
    fold: () => new BaselineFold(db),
    bestFold: () => new BaselineFold(db, true),
    updateLive: (cpu, enabled, disabled) => correctByCpuid(db, cpu, enabled, disabled),
    correctLive: (cpu, enabled, disabled) => correctByFeatures(db, cpu, enabled, disabled),
    translate: (cpu, models) => moveToAllowedModel(db, cpu, models),
    expand: cpu => spellOutModel(db, cpu),
    listUnasked: host => listUnasked(db, host),
    migratable: cpu => dropBlockers(db, cpu),
    encode: cpu => encodeDefinition(db, cpu),
    validate: cpu => validateFeatures(db, cpu),
    hasFeature: (cpu, name) => definitionHasFeature(db, cpu, name),
    models: () => db.models.map(model => model.name),
    checksFeatures: ({ model }) => model === undefined || (db.model(model)?.compat ?? true),
    vendorOfModel: model => db.model(model)?.vendor?.name,
  }
}
