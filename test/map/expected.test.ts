import { expect, test } from 'vitest'
import { ARCHITECTURES } from '../../src/arch/registry.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { printExpansions } from '../../src/map/lint/models.ts'
import { builtin } from '../built-in.ts'
import { committed } from './texts.ts'

/** What the data comes to, so that a change of a line shows what it changes. `npm run accept` writes it anew. */
test('every model, expanded', () => {
  expect(printExpansions(builtin())).toBe(committed('test', 'expected', 'models.txt'))
})

const own = ARCHITECTURES.flatMap(({ data, create }) => {
  const { db } = create(CpuMap.builtIn())
  return db && data.folder !== 'x86' ? [[data.folder, db] as const] : []
})

test.each(own)('every model of %s', (folder, db) => {
  expect(printExpansions(db)).toBe(committed('test', 'expected', `${folder}.txt`))
})
