import {
  answerSchema,
  inputSchema,
  jsonSchemaOf,
  REQUEST_KEYS,
  withFleetsFrom,
} from '../questions/json-schema.ts'
import type { AnyQuestion } from '../questions/question.ts'
import { loadQuestions, type QuestionName } from '../questions/table.ts'
import { ALERT_ROUTES } from './alerts.ts'
import { EXAMPLES } from './examples.ts'
import { EVENT_ROUTES } from './inventory-events.ts'
import { HOST_ROUTES } from './inventory-hosts.ts'
import { PAGE_ROUTES, POOL_ROUTES } from './inventory-pools.ts'
import { describeRoutes } from './inventory-routes.ts'
import { TokenInput } from './token-routes.ts'

/** The routes of the inventory. */
export const INVENTORY_ROUTES = [
  ...HOST_ROUTES,
  ...POOL_ROUTES,
  ...ALERT_ROUTES,
  ...EVENT_ROUTES,
  ...PAGE_ROUTES,
]

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI description of the server, made of the questions. */
export const describeApi = async (
  version: string,
  { tokens = false, inventory = false } = {},
): Promise<Json> => ({
  openapi: '3.1.0',
  info: {
    title: 'virt-cpu',
    version,
    summary: 'Guest CPU models for virtualization fleets.',
    description:
      'The same questions and answers as those of `virt-cpu batch`. A question is asked with POST and changes nothing. ' +
      'Where the answer is “no”, that is an answer: its status is 200.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [
    { url: '/', description: 'the server that this description comes from' },
    { url: 'http://127.0.0.1:8680/', description: '`virt-cpu serve` on this machine' },
  ],
  security: [{}, { token: [] }],
  tags: [
    { name: 'questions', description: 'What can be asked.' },
    ...(inventory
      ? [{ name: 'inventory', description: 'Hosts as they reported themselves, now and before.' }]
      : []),
    { name: 'access', description: 'Who may do what, and who did.' },
    { name: 'server', description: 'The server itself.' },
  ],
  paths: {
    ...join(
      Object.fromEntries(
        (await loadQuestions()).map(question => [
          `/v1/${question.name}`,
          { post: describeOperation(question) },
        ]),
      ),
      inventory ? describeRoutes(INVENTORY_ROUTES, inventoryRefusals) : {},
    ),
    ...(tokens && describeTokens()),
    '/v1/openapi.json': { get: describePlain('describe', 'Return this description', 'application/json') },
    '/readyz': {
      get: describePlain(
        'ready',
        'Say whether it takes requests',
        'application/json',
        'full`, `opening` or `unreachable',
      ),
    },
    ...describeJobs(),
    '/metrics': {
      get: {
        ...describePlain('metrics', 'Return what Prometheus collects', 'text/plain'),
        security: [{}, { token: [] }],
      },
    },
    '/healthz': { get: describePlain('health', 'Say whether the server answers', 'application/json') },
    '/': { get: describePlain('page', 'Return the page', 'text/html') },
  },
  components: { schemas: { Error: ERROR }, responses: RESPONSES, securitySchemes: { token: TOKEN } },
})

/** Paths with the methods of both: a question may be called as a list is. */
const join = (a: Json, b: Json): Json => ({
  ...a,
  ...Object.fromEntries(
    Object.entries(b).map(([path, methods]) => [path, { ...(a[path] as Json), ...(methods as Json) }]),
  ),
})

/** Why a request is not answered, by its status. */
const REFUSALS = {
  400: 'not JSON, an input missing or of the wrong kind',
  401: 'no token, or one that is not known or not valid any more',
  403: 'a role that the token does not have, a path where a configured name belongs, what needs programs to be run, or another site’s request',
  413: 'the body is too large, or the answer is',
  422: 'libvirt’s own error, or input that cannot be read',
  429: 'too many requests of this client: ask again after `Retry-After` seconds',
  503: 'it took too long or too much memory, or too many others wait: ask again after `Retry-After` seconds',
} as const

const TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description:
    'A token of the server with the role `read`, `plan` or `admin`, or one of its OpenID provider. A server that only its own machine reaches may need none.',
} as const

const describeOperation = (question: AnyQuestion): Json => ({
  operationId: question.name,
  tags: ['questions'],
  summary: question.summary,
  description: `The verb \`${question.name}\` of \`virt-cpu batch\`; the answer is the same.`,
  requestBody: {
    required: true,
    description: 'One JSON object.',
    content: {
      'application/json': {
        schema: describeRequest(question),
        example: EXAMPLES[question.name as QuestionName],
      },
    },
  },
  parameters: [PREFER],
  responses: {
    200: {
      description: 'the answer, “no” included',
      content: { 'application/json': { schema: withIdOf(answerSchema(question)) } },
    },
    202: {
      description:
        'it goes on as a job: `Location` says where that is, `Retry-After` in how many seconds to ask for it',
      headers: JOB_HEADERS,
      content: { 'application/json': { schema: JOB } },
    },
    ...refusals(REFUSALS),
  },
})

/** An answer's own schema, with the `id` that its request may have had. */
const withIdOf = (schema: Json): Json => {
  const any = schema.anyOf as readonly Json[] | undefined
  if (any) return { ...schema, anyOf: any.map(withIdOf) }
  return { ...schema, properties: { id: ENVELOPE.id, ...(schema.properties as Json) } }
}

const inventoryRefusals = (statuses: readonly number[]): Json =>
  refusals(Object.fromEntries(statuses.map(status => [status, true])))

const PREFER = {
  name: 'prefer',
  in: 'header',
  description:
    '`wait=10`: wait so many seconds for the answer, which then goes on as a job; `respond-async`: do not wait at all (RFC 7240). Absent: as long as the server’s setting `wait` says.',
  schema: { type: 'string' },
  example: 'wait=10',
} as const

const JOB_HEADERS = {
  location: { description: 'the path of the job', schema: { type: 'string' } },
  'retry-after': { description: 'seconds', schema: { type: 'integer' } },
} as const

const JOB = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    verb: { type: 'string' },
    state: { enum: ['waiting', 'running', 'done', 'failed', 'cancelled', 'gone'] },
    seconds: { type: 'integer', description: 'for how long it is in this state' },
    before: { type: 'integer', description: 'how many jobs begin before it' },
    stage: {
      enum: ['waiting', 'reading', 'answering', 'writing'],
      description:
        'what is done while it runs: it waits for a worker, reads its hosts, works, or writes its answer',
    },
    share: {
      type: ['number', 'null'],
      description: 'how much of the stage is done, from 0 to 1; null: nobody knows',
    },
    status: { type: 'integer', description: 'the status of its result' },
    bytes: { type: 'integer', description: 'the size of its result' },
    result: { type: 'string', description: 'where its result is' },
  },
  required: ['id', 'verb', 'state', 'seconds'],
} as const

/** The routes about jobs. */
function describeJobs(): Json {
  const describe = (operationId: string, summary: string, schema: Json): Json => ({
    operationId,
    tags: ['questions'],
    summary,
    description: 'A job is seen by the token that asked for it alone.',
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    responses: {
      200: { description: 'it', content: { 'application/json': { schema } } },
      ...refusals({ 401: true, 403: true, 404: true, 429: true }),
    },
  })
  return {
    '/v1/jobs/{id}': {
      get: describe('job', 'Say how far a job is', JOB),
      delete: describe('cancel-job', 'End a job and forget its result', JOB),
    },
    '/v1/jobs/{id}/result': {
      get: describe('job-result', 'Return the answer of a job, with the status that it has', {}),
    },
  }
}

const refusals = (of: object): Json =>
  Object.fromEntries(Object.keys(of).map(status => [status, { $ref: `#/components/responses/${status}` }]))

/** The routes about tokens, and about who changed what. */
function describeTokens(): Json {
  const describe = (operationId: string, summary: string, more: Json = {}): Json => ({
    operationId,
    tags: ['access'],
    summary,
    description: 'Takes the role `admin`.',
    responses: {
      [operationId === 'make-token' ? 201 : 200]: {
        description: 'done',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
      ...refusals({ 400: true, 401: true, 403: true, 404: true, 429: true }),
    },
    ...more,
  })
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
  const example = { name: 'ci', roles: ['read'], expires: '2027-01-31' }
  const body = {
    required: true,
    content: { 'application/json': { schema: jsonSchemaOf(TokenInput), example } },
  }
  const query = (name: string, description: string) => ({
    ...{ name, description, in: 'query', schema: { type: 'integer' } },
  })
  const search = [query('before', 'The number of an entry.'), query('limit', 'At most so many.')]
  return {
    '/v1/tokens': {
      get: describe('tokens', 'List the tokens, without their secrets'),
      post: describe('make-token', 'Make a token, which is returned this once', { requestBody: body }),
    },
    '/v1/tokens/{id}': {
      delete: describe('revoke-token', 'Revoke a token', { parameters: [id] }),
    },
    '/v1/audit-log': {
      get: describe('audit-log', 'List who changed what, newest first', { parameters: search }),
    },
  }
}

/** @param otherwise the status that the server has with 503 */
const describePlain = (operationId: string, summary: string, type: string, otherwise?: string): Json => ({
  operationId,
  tags: ['server'],
  summary,
  security: [],
  responses: {
    200: { description: 'it does', content: { [type]: {} } },
    ...(otherwise && { 503: { description: `its status is \`${otherwise}\``, content: { [type]: {} } } }),
  },
})

/** The question's inputs, with what every request may have; hosts of the inventory may stand in place of documents. */
function describeRequest(question: AnyQuestion): Json {
  const schema = withFleetsFrom(inputSchema(question), fleet => ({
    fleet: { anyOf: [FLEET_NAME, fleet, RULED] },
  }))
  return { ...schema, properties: { ...(schema.properties as Json), ...ENVELOPE } }
}

const FLEET_NAME = {
  type: 'string',
  pattern: '^inventory(:.*)?(@.*)?$',
  description:
    'Hosts of the inventory, in place of documents: `inventory` all, `inventory:blue` those of a pool, `inventory:` those of none; `inventory:blue@2026-11-01` as they were when that day began in UTC, or at a time such as `@2026-11-01T12:30Z`.',
} as const

const RULED = {
  type: 'object',
  properties: { from: FLEET_NAME },
  required: ['from'],
  description: 'Hosts of the inventory, with what a fleet file says of them.',
} as const

const ENVELOPE = {
  id: { description: 'repeated in the answer' },
  cpuMap: { type: 'string', description: 'the name of a CPU map that the server was given' },
  ...REQUEST_KEYS,
} as const

const ERROR = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        kind: { type: 'string', description: 'What kind of error it is: the same word for the same reason.' },
        message: {
          type: 'string',
          description: 'What is wrong; libvirt’s own words where libvirt refuses it.',
        },
      },
      required: ['kind', 'message'],
    },
  },
  required: ['error'],
} as const

const RESPONSES = Object.fromEntries(
  Object.entries({
    ...REFUSALS,
    404: 'there is no such thing here',
    507: 'the disk of the inventory is full',
  }).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
  ]),
)
