import type { CpuMap } from '../../map/cpu-map.ts'
import type { Architecture, Driver } from '../driver.ts'
import { BaselineFold } from './baseline.ts'
import { compare } from './compare.ts'
import { encode, hardwareAxesOf, readCpuid } from './cpuid.ts'
import { decode, decodeOn } from './decode.ts'
import { featuresOf } from './definition.ts'
import { expand, migratable, translate } from './expand.ts'
import { hasFeature, validateFeatures } from './query.ts'
import { correct, update, updateLive } from './update.ts'

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
  return {
    architecture: x86,
    db,
    view: { table: db.features, of: cpu => featuresOf(db, cpu) },
    decoder: {
      db,
      featuresOf: cpu => featuresOf(db, cpu),
      read: data => readCpuid(db, data),
      sizesOf: hardwareAxesOf,
      decode: (bits, options) => decode(db, bits, options),
      decodeOn: (bits, model, options) => decodeOn(db, bits, model, options),
    },
    compare: (host, cpu) => compare(db, host, cpu),
    update: (guest, host, removed) => update(db, guest, host, removed),
    fold: () => new BaselineFold(db),
    bestFold: () => new BaselineFold(db, true),
    updateLive: (cpu, enabled, disabled) => updateLive(db, cpu, enabled, disabled),
    correctLive: (cpu, enabled, disabled) => correct(db, cpu, enabled, disabled),
    translate: (cpu, models) => translate(db, cpu, models),
    expand: cpu => expand(db, cpu),
    migratable: cpu => migratable(db, cpu),
    encode: cpu => encode(db, cpu),
    validate: cpu => validateFeatures(db, cpu),
    hasFeature: (cpu, name) => hasFeature(db, cpu, name),
    models: () => db.models.map(model => model.name),
    checksFeatures: ({ model }) => model === undefined || (db.model(model)?.compat ?? true),
    vendorOfModel: model => db.model(model)?.vendor?.name,
  }
}
