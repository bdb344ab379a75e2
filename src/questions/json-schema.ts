import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import { leaves, msrs } from './input/schemas.ts'
import { Page, PartInput } from './part.ts'
import { type AnyQuestion, SCHEMA_VERSION } from './question.ts'
import type { Schema } from './schema.ts'
import { loadQuestions } from './table.ts'

type Json = Readonly<Record<string, unknown>>

/** The JSON Schema of what a question takes. */
export const inputSchema = ({ input }: AnyQuestion): Json => jsonSchemaOf(input)

/** The JSON Schema of the document that a question returns: batch, HTTP, library and `--json` alike. */
export function answerSchema({ answer, reasons }: AnyQuestion): Json {
  const schema = jsonSchemaOf(answer)
  const parts = membersOf(schema)
  const documents = parts.map(part => documentSchema(part, reasons))
  return documents.length === 1 ? (documents[0] ?? {}) : { anyOf: documents }
}

/** The members of a union, and of unions in it; of another schema itself. */
const membersOf = (schema: Json): Json[] =>
  (schema.anyOf as Json[] | undefined)?.flatMap(membersOf) ?? [schema]

/**
 * The JSON Schema of an input where fleets may be given otherwise than as documents, which are not required then; of drift
 * both of its fleets.
 * @param more the keys that stand for documents, or what else stands for the keys of a fleet
 */
export function withFleetsFrom(schema: Json, more: (fleet: Json) => Json): Json {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Json>>
  const { documents, fleet } = properties
  if (!documents || !fleet) {
    const parts = Object.entries(properties).map(([key, part]) => [key, withFleetsFrom(part, more)])
    return { ...schema, ...(parts.length > 0 && { properties: Object.fromEntries(parts) }) }
  }
  const required = ((schema.required ?? []) as readonly string[]).filter(key => key !== 'documents')
  return { ...schema, properties: { ...properties, ...more(fleet) }, required }
}

/** The JSON Schemas of every question, as `docs/schema/questions.json` has them. */
export const questionSchemas = async (): Promise<Json> => ({
  $schema: 'https://json-schema.org/draft-07/schema',
  title: 'virt-cpu: what each question takes and returns',
  questions: Object.fromEntries(
    (await loadQuestions()).map(question => [
      question.name,
      { summary: question.summary, input: inputSchema(question), answer: answerSchema(question) },
    ]),
  ),
})

/** An answer's own keys, and those that every document has. */
function documentSchema(part: Json, reasons: Schema | undefined): Json {
  return {
    ...part,
    properties: {
      schema: { const: SCHEMA_VERSION },
      ...(part.properties as Json),
      notes: { type: 'array', items: NOTE },
      ...(reasons && { explain: jsonSchemaOf(reasons) }),
      page: PAGE,
    },
    required: ['schema', ...((part.required as string[]) ?? []), 'notes'],
  }
}

/** A schema as JSON Schema. */
export const jsonSchemaOf = (schema: Schema): Json => {
  const { $schema, ...json } = toJsonSchema(schema, {
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'lazy' ? AS_OF_ONE : (CHECKED_BY_HAND.get(valibotSchema) ?? jsonSchema),
  }) as Json
  return json
}

const rows = (columns: string): JsonSchema => ({
  type: 'array',
  description: `rows of [${columns}]`,
  items: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 0xffff_ffff } },
})

/** The answer of one architecture in that of several. */
const AS_OF_ONE: JsonSchema = {
  type: 'object',
  description: 'As the question returns it of one architecture.',
}

/** The schemas of values that functions check. */
const CHECKED_BY_HAND: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [leaves, rows('leaf, subleaf, eax, ebx, ecx, edx')],
  [msrs, rows('index, low, high')],
])

const PAGE = jsonSchemaOf(Page)

const NOTE: Json = {
  type: 'object',
  description:
    'Something to know about the answer: its kind, its sentence, and what the kind brings with it.',
  properties: { kind: { type: 'string' }, source: { type: 'string' }, text: { type: 'string' } },
  required: ['kind', 'text'],
}

/** Keys of every request besides its question's inputs: of the reasons, of libvirt's version, of a part of the answer. */
export const REQUEST_KEYS: Json = {
  explain: { type: 'boolean', description: 'with the reasons' },
  libvirt: { type: 'string', description: 'whose behaviour: a version such as 11.3 or 12.8 (default)' },
  ...(jsonSchemaOf(PartInput).properties as Json),
}
