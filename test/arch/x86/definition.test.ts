import { expect, test } from 'vitest'
import { featuresWith } from '../../../src/arch/x86/definition.ts'
import { builtin } from '../../built-in.ts'

const db = builtin()
const names = (policy: 'require' | 'disable', type: 'host' | 'guest') =>
  db.features.in(featuresWith(db, { type, features: [{ name: 'avx2' }] }, policy)).map(({ name }) => name)

test('a feature without a policy counts as required, with or without a model', () => {
  expect(names('require', 'host')).toEqual(['avx2'])
  expect(names('require', 'guest')).toEqual(['avx2'])
  expect(names('disable', 'guest')).toEqual([])
})
