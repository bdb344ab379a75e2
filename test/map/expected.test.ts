import { expect, test } from 'vitest'
import { drivers } from '../../src/arch/registry.ts'
import { printExpansions } from '../../src/map/text/print-expansions.ts'
import { builtin } from '../built-in.ts'
import { committed } from './texts.ts'

/** What the data comes to, so that a change of a line shows what it changes. `npm run accept` writes it anew. */
test('every model, expanded', () => {
  expect(printExpansions(builtin())).toBe(committed('test', 'expected', 'models.txt'))
})

const own = drivers().flatMap(({ data, ownModels }) => (ownModels ? [[data.folder, ownModels] as const] : []))

test.each(own)('every model of %s', (folder, models) => {
  expect(printExpansions(models())).toBe(committed('test', 'expected', `${folder}.txt`))
})
