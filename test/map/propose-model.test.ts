import { expect, test } from 'vitest'
import { loadDatabase } from '../../src/map/database.ts'
import { modelsToPropose, proposeModel } from '../../src/map/text/propose-model.ts'
import { builtin } from '../built-in.ts'
import { smallMap } from '../small-map.ts'
import { small } from './texts.ts'

/** Our data, which has one family and a part of another. */
const OURS =
  'vendor V TwelveBytes!\nmodel Old   sig 6.1\n  v1 = Old  + a\n  v2  + b\nmodel Mid : Old-v2   sig 6.2\n  v1 = Mid  + c d\n'
const ours = loadDatabase(small(OURS, 'Old\nMid'))

/** An installed map, which has a version and a family more. */
const NEWER = `${OURS.replace('  v2  + b\n', '  v2  + b\n  v3  + c\n')}model New : Mid-v1   sig 6.3\n  v1 = New (exact)  - a  + e\n`
const newer = loadDatabase(small(NEWER, 'Old\nMid\nNew'))

test('what our data lacks is proposed in its grammar', () => {
  const missing = modelsToPropose(ours, newer)
  expect(missing.map(model => model.name)).toEqual(['Old-v3', 'New'])
  const [version, family] = missing.map(model => proposeModel(ours, newer, model))
  expect(version).toBe('model Old\n  v3 : v2  + c\n')
  expect(family).toBe('model New : Mid   sig 6.3\n  v1 = New (exact)  - a  + e\n')
})

test('a proposal, put in its place, makes the model', () => {
  const family = modelsToPropose(ours, newer)[1]
  if (!family) throw new RangeError('nothing is proposed')
  const db = loadDatabase(small(OURS + proposeModel(ours, newer, family), 'Old\nMid\nNew'))
  const { index: _, ...facts } = db.model('New') ?? {}
  expect(newer.model('New')).toMatchObject(facts)
})

test('what is unknown to us is said', () => {
  const map = smallMap('vendor V TwelveBytes!\n feature fpu new!\n model M 6/1/4-5 V host : fpu new -fpu')
  const [model] = modelsToPropose(builtin(), map)
  expect(model && proposeModel(builtin(), map, model)).toBe(
    '# not in features.txt: new\nvendor V TwelveBytes!\n\nmodel M : 486   sig 6.1.4-5   gone fpu\n' +
      '  = M (host, exact)  - vme pse\n',
  )
})
