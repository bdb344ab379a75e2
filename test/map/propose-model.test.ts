import { expect, test } from 'vitest'
import { loadDatabase } from '../../src/map/database.ts'
import { modelsToPropose, proposeModel } from '../../src/map/text/propose-model.ts'
import { builtin } from '../built-in.ts'
import { smallMap } from '../small-map.ts'
import { TEXTS } from './texts.ts'

const turin = TEXTS.models['models/amd.txt']?.indexOf('model EPYC-Turin') ?? -1

/** Our data as it was before EPYC-Turin and the last EPYC. */
const before = loadDatabase({
  ...TEXTS,
  models: {
    ...TEXTS.models,
    'models/amd.txt': (TEXTS.models['models/amd.txt']?.slice(0, turin) ?? '').replace(/\n {2}v5 [^\n]*/, ''),
  },
  walk: TEXTS.walk.replace('EPYC-Turin\n', ''),
})

test('what our data lacks is proposed in its grammar', () => {
  const missing = modelsToPropose(before, builtin())
  expect(missing.map(model => model.name)).toEqual(['EPYC-v5', 'EPYC-Turin'])
  const [version, family] = missing.map(model => proposeModel(before, builtin(), model))
  expect(version).toBe(
    'model EPYC\n  v5 : EPYC-Rome-v5  - clwb umip rdpid wbnoinvd ibrs amd-stibp amd-ssbd  + xsaves\n',
  )
  expect(family).toContain(
    'model EPYC-Turin : EPYC-Genoa-v2   sig 26.0\n  v1 = EPYC-Turin (exact)\n      + movdiri ',
  )
})

test('a proposal, put in its place, makes the model', () => {
  const texts = { ...TEXTS, models: { ...TEXTS.models } }
  const family = modelsToPropose(before, builtin())[1]
  if (!family) throw new RangeError('nothing is proposed')
  const amd = texts.models['models/amd.txt']?.slice(0, turin) ?? ''
  const db = loadDatabase({
    ...texts,
    models: { ...texts.models, 'models/amd.txt': amd + proposeModel(before, builtin(), family) },
  })
  expect(db.model('EPYC-Turin')).toEqual(builtin().model('EPYC-Turin'))
})

test('what is unknown to us is said', () => {
  const map = smallMap('vendor V TwelveBytes!\n feature fpu new!\n model M 6/1/4-5 V host : fpu new -fpu')
  const [model] = modelsToPropose(builtin(), map)
  expect(model && proposeModel(builtin(), map, model)).toBe(
    '# not in features.txt: new\nvendor V TwelveBytes!\n\nmodel M : 486   sig 6.1.4-5   gone fpu\n' +
      '  = M (host, exact)  - vme pse\n',
  )
})
