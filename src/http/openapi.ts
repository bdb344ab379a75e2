import { answerSchema, inputSchema } from '../questions/json-schema.ts'
import type { AnyQuestion } from '../questions/question.ts'
import { loadQuestions } from '../questions/table.ts'

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI description of the server, made of the questions. */
export const describeApi = async (version: string): Promise<Json> => ({
  openapi: '3.1.0',
  info: {
    title: 'virt-cpu',
    version,
    description:
      'Guest CPU models for virtualization fleets. The same questions and answers as `virt-cpu batch`.',
  },
  servers: [{ url: '/' }],
  security: [],
  paths: {
    ...Object.fromEntries(
      (await loadQuestions()).map(question => [
        `/v1/${question.name}`,
        { post: describeOperation(question) },
      ]),
    ),
    '/v1/openapi.json': { get: describePlain('describe', 'this description', 'application/json') },
    '/readyz': { get: describePlain('ready', 'whether it takes requests', 'application/json') },
    '/healthz': { get: describePlain('health', 'whether the server answers', 'application/json') },
    '/': { get: describePlain('page', 'the page', 'text/html') },
  },
  components: { schemas: { Error: ERROR } },
})

const describeOperation = (question: AnyQuestion): Json => ({
  operationId: question.name,
  summary: question.summary,
  requestBody: { required: true, content: { 'application/json': { schema: describeRequest(question) } } },
  responses: {
    200: {
      description: 'the answer, “no” included',
      content: { 'application/json': { schema: answerSchema(question) } },
    },
    400: describeRefusal('not JSON, an input missing or of the wrong kind'),
    403: describeRefusal(
      'a path where a configured name belongs, what needs programs to be run, or another site’s request',
    ),
    413: describeRefusal('the body is too large'),
    422: describeRefusal('libvirt’s own error, or input that cannot be read'),
    503: describeRefusal('it took too long or too much memory, or too many others wait'),
  },
})

const describePlain = (operationId: string, description: string, type: string): Json => ({
  operationId,
  summary: description,
  responses: { 200: { description, content: { [type]: {} } } },
})

const describeRefusal = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

/** The question's inputs, with what every request may have. */
function describeRequest(question: AnyQuestion): Json {
  const schema = inputSchema(question)
  return { ...schema, properties: { ...(schema.properties as Json), ...ENVELOPE } }
}

const ENVELOPE = {
  id: { description: 'repeated in the answer' },
  explain: { type: 'boolean', description: 'with the reasons' },
  cpuMap: { type: 'string', description: 'the name of a CPU map that the server was given' },
  libvirt: { type: 'string', description: 'whose behaviour: a version such as 11.3 or 12.8 (default)' },
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
