import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerVerb } from '../../src/questions/ask.ts'
import { contextOf } from '../../src/questions/context.ts'
import { Engine } from '../../web/worker/engine.ts'

const folder = join(import.meta.dirname, '..', '..', 'examples', 'fleet')

/** Hosts whose paths are their names: the page shortens other paths. */
const documents = readdirSync(folder)
  .filter(name => name.endsWith('.xml'))
  .map(name => ({ path: name.replace('.xml', ''), text: readFileSync(join(folder, name), 'utf8') }))

const [{ path: from = '' } = {}, { path: to = '' } = {}] = documents

test.each([
  ['explain', {}],
  ['explain', { cost: true }],
  ['explain', { feature: 'avx2' }],
  ['pools', {}],
  ['migrate', {}],
  ['migrate', { from, to }],
] as const)('the page’s worker answers %s %o as batch does', async (question, input) => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add(documents, '')
  const { notes: _, ...expected } = answerVerb(contextOf(), { verb: question, documents, ...input })
  const { notes: __, ...answer } = engine.ask(question, input)
  expect(answer).toEqual(expected)
})
