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

/** @param rows the key that is passed over, though not what is in it */
function collect(node: unknown, found: Map<string, Set<string>>, rows = ''): void {
  if (typeof node !== 'object' || node === null) return
  const { properties } = node as Schema
  for (const [key, schema] of Object.entries(properties ?? {})) {
    if (key === rows) continue
    const known = found.get(key) ?? new Set()
    for (const type of typesOf(schema)) known.add(type)
    found.set(key, known)
  }
  for (const [key, part] of Object.entries(node)) if (!PARTS_OF.includes(key)) collect(part, found)
}

/** The parts of a signature have the names that batch's `decode` gives them (contract.md §3), and no others have. */
const PARTS_OF = ['signature']

/** Questions whose rows are called as they are: `hosts` lists hosts, `cpu-models` models. Elsewhere these are names, and verdicts. */
const ROWS: Readonly<Record<string, string>> = { hosts: 'hosts', 'cpu-models': 'models' }

test('a key of answers has one type wherever it stands', () => {
  const found = new Map<string, Set<string>>()
  for (const [name, { answer }] of Object.entries<{ answer: unknown }>(document.questions))
    collect(answer, found, ROWS[name])
  const several = [...found].flatMap(([key, types]) =>
    types.size > 1 ? `${key}: ${[...types].join(', ')}` : [],
  )
  expect(several).toEqual([])
  for (const key of ['hosts', 'features', 'names', 'pools', 'signature']) expect(found.has(key)).toBe(true)
})
