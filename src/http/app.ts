import { type Context, Hono } from 'hono'
import { answerSchema, inputSchema } from '../questions/json-schema.ts'
import type { AnyQuestion } from '../questions/question.ts'
import { isQuestion, loadQuestions, QUESTIONS } from '../questions/table.ts'
import { type HttpAnswer, makeRefusal, RequestRefused } from './answer.ts'
import { ByteBudget, LARGEST_BODY, readBody } from './read-body.ts'

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI description of the server, made of the questions. */
const describeApi = async (version: string): Promise<Json> => ({
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

/** Of every response: nothing is guessed, kept, framed, or told to other sites. */
const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const

/** A document that loads and runs nothing: all answers but the page. */
const NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"

/**
 * What the page may do: exactly what its own `<meta>` says, and nobody may frame it. A policy in a `<meta>` can
 * not say the latter.
 */
function makePagePolicy(html: string): string {
  const own = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/i.exec(html)?.[1]
  return `${own ?? "default-src 'none'"}; frame-ancestors 'none'`
}

/** What a server answers with. */
interface AppOptions {
  readonly version: string
  /**
   * Answers the body of a request for a verb, until its client goes away. What it throws, but RequestRefused, is a
   * fault of ours. It may take the bytes' buffer for itself.
   */
  readonly answer: (verb: string, body: Uint8Array<ArrayBuffer>, gone: AbortSignal) => Promise<HttpAnswer>
  /** Whether no further request can be taken. Asked before a body is read. Absent: never. */
  readonly isFull?: () => boolean
  /** The page's HTML. */
  readonly page: string
  /** The host names by which clients may reach the server, beside addresses and `localhost`. */
  readonly names?: readonly string[]
  /** Is told of a fault of ours; its answer says nothing of it. */
  readonly onFault?: (error: unknown) => void
}

/** Bytes of bodies in memory at once: eight of the largest. */
const MOST_BYTES = 8 * LARGEST_BODY

/** The server as a function of requests: the contract's section 4. Nothing is remembered between requests. */
export function createApp(options: AppOptions): Hono {
  const { version, page, names = [], onFault } = options
  const app = new Hono()
  const budget = new ByteBudget(MOST_BYTES)
  const policy = makePagePolicy(page)
  app.use(async (c, next) => {
    await next()
    const isPage = c.res.headers.get('content-type')?.startsWith('text/html') ?? false
    const headers = { ...SAFE_HEADERS, 'content-security-policy': isPage ? policy : NOTHING_ALLOWED }
    for (const [header, value] of Object.entries(headers)) c.res.headers.set(header, value)
  })
  app.use(async (c, next) => {
    checkOrigin(c.req.raw.headers, names)
    await next()
  })
  app.get('/', c => c.html(page))
  app.get('/healthz', c => c.json({ status: 'ok', version }))
  app.get('/v1/openapi.json', async c => c.json(await describeApi(version)))
  app.post('/v1/:verb', async c => {
    const verb = c.req.param('verb')
    if (!isQuestion(verb)) {
      throw new RequestRefused(
        'not-found',
        `unknown verb '${verb}'; known: ${Object.keys(QUESTIONS).join(', ')}`,
      )
    }
    return respond(c, await answerWithin(budget, options, verb, c.req.raw))
  })
  for (const path of ['/', '/healthz', '/v1/openapi.json']) app.all(path, c => refuseMethod(c, 'GET, HEAD'))
  app.all('/v1/:verb', async (c, next) =>
    isQuestion(c.req.param('verb')) ? refuseMethod(c, 'POST') : next(),
  )
  app.notFound(c => respond(c, makeRefusal('not-found', `nothing is at ${c.req.method} ${c.req.path}`)))
  app.onError((error, c) => {
    if (error instanceof RequestRefused) return respond(c, makeRefusal(error.kind, error.message))
    onFault?.(error)
    return respond(c, makeRefusal('fault', 'a fault in virt-cpu itself: please report it'))
  })
  return app
}

/** Admits a request, reads its body and answers it. @throws RequestRefused */
async function answerWithin(
  budget: ByteBudget,
  { answer, isFull }: AppOptions,
  verb: string,
  request: Request,
): Promise<HttpAnswer> {
  if (isFull?.()) throw new RequestRefused('busy', 'too many requests wait already: ask again later')
  const body = await readBody(request, budget)
  try {
    return await answer(verb, body.bytes, request.signal)
  } finally {
    body.release()
  }
}

function refuseMethod(c: Context, allowed: string): Response {
  c.header('allow', allowed)
  return respond(c, makeRefusal('bad-method', `${c.req.path} takes ${allowed}, not ${c.req.method}`))
}

const respond = (c: Context, { status, body }: HttpAnswer): Response => {
  if (status === 503) c.header('retry-after', '5')
  return c.body(body, status, { 'content-type': 'application/json' })
}

/**
 * Refuses what another web site makes a browser send here: by name it could reach this server through a DNS entry
 * of its own, so that only addresses, `localhost` and the configured names count as ours.
 * @throws RequestRefused
 */
function checkOrigin(headers: Headers, names: readonly string[]): void {
  const host = headers.get('host') ?? ''
  if (!isOurs(host, names)) {
    const fix = 'start it with --name to serve under another name'
    throw new RequestRefused('forbidden', `this server is not called '${host}': ${fix}`)
  }
  const origin = headers.get('origin')
  if (origin === null) return
  const from = origin.replace(/^https?:\/\//, '')
  // A proxy may ask by an address; the browser's origin is then the public name.
  if (from !== host && !names.includes(nameIn(from)))
    throw new RequestRefused('forbidden', `requests from ${origin} are not answered`)
}

/** The name in `name:port`, in lower case. */
const nameIn = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

function isOurs(host: string, names: readonly string[]): boolean {
  const name = nameIn(host)
  return isAddress(name) || name === 'localhost' || name.endsWith('.localhost') || names.includes(name)
}

const isAddress = (name: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/.test(name)
