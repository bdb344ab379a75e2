import type { Driver } from '../driver.ts'
import { BaselineFold } from './baseline.ts'
import { compare } from './compare.ts'
import { encode } from './encode.ts'
import { expand, migratable } from './expand.ts'
import { hasFeature, validateFeatures } from './query.ts'
import { translate } from './translate.ts'
import { update } from './update.ts'
import { updateLive } from './update-live.ts'

export const x86: Driver = {
  name: 'x86',
  arches: ['i686', 'x86_64'],
  data: { folder: 'x86' },
  compare,
  update,
  fold: db => new BaselineFold(db),
  bestFold: db => new BaselineFold(db, true),
  updateLive,
  translate,
  expand,
  migratable,
  encode,
  validate: validateFeatures,
  hasFeature,
  models: db => db.models.map(model => model.name),
  checksFeatures: (db, { model }) => model === undefined || (db.model(model)?.compat ?? true),
  vendorOfModel: (db, model) => db.model(model)?.vendor?.name,
}
