import type { Driver } from '../driver.ts'
import { PowerFold } from './baseline.ts'
import { compare, convertLegacy } from './compare.ts'
import { detect } from './detect.ts'
import { DATA, powerMapOf } from './models.ts'

export const ppc64: Driver = {
  name: 'ppc64',
  arches: ['ppc64', 'ppc64le'],
  data: DATA,
  compare,
  update: (_, guest) => (guest.mode === 'custom' ? { ...guest, match: 'exact' } : guest),
  detect,
  fold: db => new PowerFold(db),
  convertLegacy,
  models: db => powerMapOf(db).models.map(model => model.name),
  vendorOfModel: (db, name) => powerMapOf(db).models.find(model => model.name === name)?.vendor,
}
