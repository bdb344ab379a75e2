import * as v from 'valibot'
import { BadRequest } from './context.ts'
import type { AnyQuestion } from './question.ts'
import { described, names, type Schema, whole } from './schema.ts'

/** What a request may ask of a large answer. */
export const PartInput = v.object({
  fields: v.optional(
    names('The keys of the answer to return; absent: all. `schema` and `notes` always are.'),
  ),
  limit: v.optional(whole('How many items of each list to return at most.', 1)),
  cursor: v.optional(whole('Where in its lists the page begins: `nextCursor` of the page before.')),
})
export type PartInput = v.InferOutput<typeof PartInput>

/** Which page of its lists an answer has. */
export const Page = described(
  v.strictObject({
    nextCursor: described(
      v.nullable(v.number()),
      'The `cursor` of the page after this one; null: it is the last.',
    ),
    totals: described(
      v.record(v.string(), v.number()),
      'How many items each list has on all pages together.',
    ),
  }),
  'Of an answer to a request with `limit` or `cursor`.',
)
type Page = v.InferOutput<typeof Page>

type Json = Readonly<Record<string, unknown>>

/**
 * The part of an answer's document that a request asks for. Pages, their lists joined, are the whole: all else,
 * the notes too, is on each of them.
 */
export function partOf(
  document: Record<string, unknown>,
  { fields, limit, cursor }: PartInput,
): Record<string, unknown> {
  const kept = fields && new Set([...ALWAYS, ...fields])
  const chosen = kept ? mapAnswers(document, answer => pick(answer, kept)) : document
  if (limit === undefined && cursor === undefined) return chosen
  const from = cursor ?? 0
  const to = from + (limit ?? Number.POSITIVE_INFINITY)
  const totals: Record<string, number> = {}
  let longest = 0
  const count = (list: string, length: number) => {
    totals[list] = (totals[list] ?? 0) + length
    longest = Math.max(longest, length)
  }
  const paged = mapAnswers(chosen, answer => cut(answer, from, to, count))
  const page: Page = { nextCursor: longest > to ? to : null, totals }
  return { ...paged, page }
}

/** On every page, and whatever fields are asked for. */
const ALWAYS = ['schema', 'notes', 'fleets']

/** Never cut: of `fleets` each answer is. */
const WHOLE = ['notes', 'explain', 'fleets']

const pick = (answer: Json, kept: ReadonlySet<string>): Json =>
  Object.fromEntries(Object.entries(answer).filter(([key]) => kept.has(key)))

/** @param count is told of each list */
function cut(answer: Json, from: number, to: number, count: (list: string, length: number) => void): Json {
  const part = ([key, value]: [string, unknown]): [string, unknown] => {
    if (!Array.isArray(value) || WHOLE.includes(key)) return [key, value]
    count(key, value.length)
    return [key, value.slice(from, to)]
  }
  return Object.fromEntries(Object.entries(answer).map(part))
}

/** Of several architectures' answers each is changed, of one alone itself. */
function mapAnswers(document: Json, change: (answer: Json) => Json): Record<string, unknown> {
  const changed = change(document)
  const { fleets } = changed
  if (!Array.isArray(fleets)) return { ...changed }
  return { ...changed, fleets: fleets.map(one => ({ ...one, answer: change(one.answer) })) }
}

/** @throws BadRequest for a key that no answer to the question has */
export function checkFields(
  { fields = [] }: PartInput,
  { name, answer, reasons }: Pick<AnyQuestion, 'name' | 'answer' | 'reasons'>,
): void {
  const known = new Set(['schema', ...keysOf(answer), 'notes', ...(reasons ? ['explain'] : [])])
  const unknown = fields.find(one => !known.has(one))
  if (unknown === undefined) return
  throw new BadRequest(`${name}: the answer has no key '${unknown}'; known: ${[...known].join(', ')}`)
}

/** The keys of what a schema describes: of a union, those of all its members. */
function keysOf(
  schema: Schema | { readonly entries?: object; readonly options?: readonly Schema[] },
): string[] {
  if ('entries' in schema) return Object.keys(schema.entries ?? {})
  return 'options' in schema ? (schema.options ?? []).flatMap(keysOf) : []
}
