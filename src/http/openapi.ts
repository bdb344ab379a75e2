import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import { leaves, msrs } from '../questions/inputs.ts'
import type { Verb } from '../questions/question.ts'
import { VERBS } from '../questions/table.ts'

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI description of the server, made of the verbs that there are. */
export const openapi = (version: string): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'virt-cpu',
    version,
    description:
      'Guest CPU models for virtualization fleets. The same questions and answers as `virt-cpu batch`.',
  },
  paths: {
    ...Object.fromEntries(
      Object.entries(VERBS).map(([name, verb]) => [`/v1/${name}`, { post: operation(name, verb) }]),
    ),
    '/v1/openapi.json': { get: plain('describe', 'this description', 'application/json') },
    '/healthz': { get: plain('health', 'whether the server answers', 'application/json') },
    '/': { get: plain('page', 'the page', 'text/html') },
  },
  components: { schemas: { Note: NOTE, Error: ERROR } },
})

const operation = (name: string, verb: Verb): Json => ({
  operationId: name,
  summary: verb.doc,
  requestBody: { required: true, content: { 'application/json': { schema: requestSchema(verb) } } },
  responses: {
    200: { description: 'the answer, “no” included', content: { 'application/json': { schema: ANSWER } } },
    400: refusal('not JSON, an input missing or of the wrong kind'),
    403: refusal('a path where a configured name belongs, or another site’s request'),
    413: refusal('the body is too large'),
    422: refusal('libvirt’s own error, or input that cannot be read'),
    503: refusal('it took too long or too much memory, or too many others wait'),
  },
})

const plain = (operationId: string, description: string, type: string): Json => ({
  operationId,
  summary: description,
  responses: { 200: { description, content: { [type]: {} } } },
})

const refusal = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

/** The verb's inputs, with what every request may have. */
function requestSchema(verb: Verb): Json {
  const { $schema, ...schema } = toJsonSchema(verb.input, {
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema, jsonSchema }) => CHECKED_BY_HAND.get(valibotSchema) ?? jsonSchema,
  }) as Json
  return { ...schema, properties: { ...(schema.properties as Json), ...ENVELOPE } }
}

const rows = (names: string): JsonSchema => ({
  type: 'array',
  description: `rows of [${names}]`,
  items: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 0xffff_ffff } },
})

/** What schemas that are functions let through. */
const CHECKED_BY_HAND: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [leaves, rows('leaf, subleaf, eax, ebx, ecx, edx')],
  [msrs, rows('index, low, high')],
])

const ENVELOPE = {
  id: { description: 'repeated in the answer' },
  explain: { type: 'boolean', description: 'with the reasons' },
  cpuMap: { type: 'string', description: 'the name of a CPU map that the server was given' },
  libvirt: { enum: ['11.3', '12.8'], description: 'whose behaviour' },
} as const

const NOTE = {
  type: 'object',
  properties: { kind: { type: 'string' }, source: { type: 'string' }, text: { type: 'string' } },
  required: ['kind', 'text'],
} as const

const ANSWER = {
  type: 'object',
  properties: { notes: { type: 'array', items: { $ref: '#/components/schemas/Note' } } },
  required: ['notes'],
} as const

const ERROR = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: { kind: { type: 'string' }, message: { type: 'string' } },
      required: ['kind', 'message'],
    },
  },
  required: ['error'],
} as const
