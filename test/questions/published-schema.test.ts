import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { questionSchemas } from '../../src/questions/json-schema.ts'

test('docs/schema/questions.json is what the questions are (npm run accept)', async () => {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'schema', 'questions.json')
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(await questionSchemas())))
})
