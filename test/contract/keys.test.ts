import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** One name, one type, in the answers of all questions: whoever reads one answer can read the next. */

interface Schema {
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

const document = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'schema', 'questions.json'), 'utf8'),
)

/** `list of string`; several where it may be of several types, without null. */
function typesOf(schema: Schema): Set<string> {
  const { anyOf, type, items, properties } = schema
  if (anyOf) return new Set(anyOf.flatMap(one => [...typesOf(one)]))
  const value = 'const' in schema ? schema.const : schema.enum?.[0]
  if (value !== undefined) return new Set(value === null ? [] : [typeof value])
  if (type === 'array') return new Set([...typesOf(items ?? {})].map(one => `list of ${one}`))
  if (properties) return new Set(['object'])
  return new Set(type === undefined || type === 'null' ? [] : [type.replace('integer', 'number')])
}

function collect(node: unknown, found: Map<string, Set<string>>): void {
  if (typeof node !== 'object' || node === null) return
  const { properties } = node as Schema
  for (const [key, schema] of Object.entries(properties ?? {})) {
    const known = found.get(key) ?? new Set()
    for (const type of typesOf(schema)) known.add(type)
    found.set(key, known)
  }
  for (const part of Object.values(node)) collect(part, found)
}

/**
 * Names that had several types before this test was there. None is to be added; one that is of one type again goes.
 * `hosts` and `models` are also the rows of the questions of these names.
 */
const OF_SEVERAL = new Set(
  `added after back because before blockers children disabled family feature features from gives guest guests hazards host
  hosts lacks libvirt lost microcode model models moves names nearest needs qemuOnly readFrom restarts signature
  starts stuck there to unknown usable value vendor versions why words`.split(/\s+/),
)

test('a key of answers has one type wherever it stands', () => {
  const found = new Map<string, Set<string>>()
  for (const { answer } of Object.values<{ answer: unknown }>(document.questions)) collect(answer, found)
  const several = [...found].flatMap(([key, types]) => (types.size > 1 ? key : []))
  expect(several.filter(key => !OF_SEVERAL.has(key))).toEqual([])
  expect([...OF_SEVERAL].filter(key => !several.includes(key))).toEqual([])
  for (const key of ['hosts', 'features', 'pools'])
    expect([...(found.get(key) ?? [])]).not.toContain('number')
})
