import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { InventoryError, type InventoryFault } from '../inventory/fault.ts'
import { errorOf } from '../questions/ask.ts'
import { isQuestion, QUESTIONS } from '../questions/table.ts'
import { type AccessOptions, type AccessVariables, auditChanges, guard } from './access.ts'
import { type HttpAnswer, makeRefusal, type Refusal, RequestRefused, toBytes } from './answer.ts'
import { EventFeed } from './inventory-events.ts'
import { addInventoryRoutes, type InventoryRoutes, methodsOf, type ReadRequest } from './inventory-routes.ts'
import { addJobRoutes, type Job, type Jobs, readWish, respondWithJob } from './jobs.ts'
import { Metrics, type ServerState } from './metrics.ts'
import { describeApi, INVENTORY_ROUTES } from './openapi.ts'
import { ByteBudget, LARGEST_BODY, readBody } from './read-body.ts'
import { addTokenRoutes, type TokenRoutes } from './token-routes.ts'

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

/** Whether an inventory takes requests. */
export type InventoryState = 'opening' | 'unreachable' | 'ready'

/** What a server answers with. */
interface AppOptions {
  readonly version: string
  /**
   * Answers the body of a request for a verb, until its client goes away. What it throws, but RequestRefused, is a
   * fault of ours. It may take the bytes' buffer for itself.
   */
  readonly answer: (verb: string, body: Uint8Array<ArrayBuffer>, gone: AbortSignal) => Promise<HttpAnswer>
  /** Whether no further request can be taken, as `/readyz` says. Asked before a body is read. Absent: never. */
  readonly isFull?: () => boolean
  /** The page's HTML. */
  readonly page: string
  /** The host names by which clients may reach the server, beside addresses and `localhost`. */
  readonly names?: readonly string[]
  /** Is told of a fault of ours; its answer says nothing of it. */
  readonly onFault?: (error: unknown, connection: Connection) => void
  /** Bytes of bodies and unread answers in memory at once; absent: eight of the largest bodies. */
  readonly bytes?: number
  /** Who may do what, and how often. */
  readonly access?: AccessOptions
  /** Where tokens are kept; absent: there are no routes about them. */
  readonly tokens?: Omit<TokenRoutes, 'read'> | undefined
  /** The hosts that reported themselves; absent: the routes about them say how to have them. */
  readonly inventory?:
    | (Pick<InventoryRoutes, 'open'> & {
        readonly state: () => Promise<InventoryState>
        /** Ends those who listen to events. */
        readonly ended?: AbortSignal
      })
    | undefined
  /** Answers questions while nobody waits; absent: every client waits. */
  readonly jobs?: Jobs | undefined
  /** What `/metrics` tells of the server; absent: there is no such route. */
  readonly figures?: Omit<ServerState, 'held'> | undefined
}

/** What is known of a request's connection, where there is one. */
export interface Connection {
  /** The request's id, in the log and in the answer's X-Request-Id. */
  readonly id?: string
  /** Whether a proxy that the server was told of sends it: it says by which name it was asked. */
  readonly isProxied?: boolean
  /** The client's address. */
  readonly client?: string
  /** Is told that the request's body is read: a client may wait for that before it sends one. */
  readonly onRead?: () => void
  /** Is told whose token it has. */
  readonly onKnown?: (who: string) => void
  /** Calls back when the answer was sent, or its client is gone. */
  readonly onSent?: (sent: () => void) => void
}

interface AppEnv {
  Bindings: Connection
  Variables: AccessVariables
}

type AppContext = Context<AppEnv>

/** The server as a function of requests: the contract's section 4. Nothing is remembered between requests. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const { version, page, names = [], onFault, isFull, bytes = 8 * LARGEST_BODY, access = {} } = options
  const app = new Hono<AppEnv>()
  const budget = new ByteBudget(bytes)
  const policy = makePagePolicy(page)
  // One buffer each, however many read it.
  const html = toBytes(page)
  let api: Promise<Uint8Array<ArrayBuffer>> | undefined
  const metrics =
    options.figures &&
    new Metrics({ open: options.inventory?.open, ...options.figures, held: () => bytes - budget.left })
  if (metrics) app.use(metrics.count)
  app.use(async (c, next) => {
    await next()
    const isPage = c.res.headers.get('content-type')?.startsWith('text/html') ?? false
    const headers = { ...SAFE_HEADERS, 'content-security-policy': isPage ? policy : NOTHING_ALLOWED }
    for (const [header, value] of Object.entries(headers)) c.res.headers.set(header, value)
  })
  app.use(async (c, next) => {
    checkOrigin(c.req.raw.headers, names, c.env?.isProxied ?? false)
    await next()
  })
  app.use(auditChanges(access), guard(access))
  app.get('/', c => c.body(html, 200, { 'content-type': 'text/html; charset=UTF-8' }))
  app.get('/healthz', c => c.json({ status: 'ok', version }))
  app.get('/readyz', async c => {
    const status = isFull?.() ? 'full' : ((await options.inventory?.state()) ?? 'ready')
    return c.json({ status }, status === 'ready' ? 200 : 503)
  })
  app.get('/v1/openapi.json', async c => {
    api ??= describeApi(version, {
      tokens: options.tokens !== undefined,
      inventory: options.inventory !== undefined,
    }).then(description => toBytes(JSON.stringify(description)))
    return respond(c, { status: 200, body: await api })
  })
  if (metrics) {
    app.get('/metrics', async c => c.body(await metrics.print(), 200, { 'content-type': METRICS_TYPE }))
    app.all('/metrics', c => refuseMethod(c, 'GET, HEAD'))
  }
  for (const path of ['/', '/healthz', '/readyz', '/v1/openapi.json'])
    app.all(path, c => refuseMethod(c, 'GET, HEAD'))
  const read = (c: AppContext, most?: number) => {
    c.env?.onRead?.()
    return readBody(c.req.raw, budget, most)
  }
  if (options.tokens) {
    const readSmall = async (c: AppContext) => {
      const body = await read(c, SMALL_BODY)
      body.release()
      return new TextDecoder().decode(body.bytes)
    }
    addTokenRoutes(app, { ...options.tokens, read: readSmall as never })
  }
  const inventory = options.inventory && inventoryRoutesOf(options.inventory, read as never)
  addInventoryRoutes(app, INVENTORY_ROUTES, inventory)
  for (const [path, methods] of methodsOf(INVENTORY_ROUTES)) {
    // A question may be called as a list is.
    const allowed = [...methods, ...(isQuestion(path.slice('/v1/'.length)) ? ['POST'] : [])]
    app.all(path.replace(/\{(\w+)\}/, ':$1'), (c, next) =>
      allowed.includes(c.req.method) ? next() : refuseMethod(c, allowed.join(', ')),
    )
  }
  const { jobs } = options
  if (jobs) {
    addJobRoutes(app, jobs)
    app.all('/v1/jobs/:id', c => refuseMethod(c, 'GET, HEAD, DELETE'))
    app.all('/v1/jobs/:id/result', c => refuseMethod(c, 'GET, HEAD'))
  }
  app.post('/v1/:verb', async c => {
    const verb = c.req.param('verb')
    if (!isQuestion(verb)) {
      throw new RequestRefused(
        'not-found',
        `unknown verb '${verb}'; known: ${Object.keys(QUESTIONS).join(', ')}`,
      )
    }
    const wish = readWish(c.req.raw.headers)
    if (jobs && wish?.ms === 0) {
      const { bytes: body, release } = await read(c)
      const job = jobs.add({ verb, owner: c.get('who').name, body, release })
      return respondWithJob(c as never, jobs, job, wish.applied)
    }
    if (isFull?.()) throw new RequestRefused('busy', 'too many requests wait already: ask again later')
    const { bytes: body, release } = await read(c)
    const asked = { verb, owner: c.get('who').name, body, release }
    const said = await (jobs
      ? jobs.attend(asked, c.req.raw.signal, jobs.waitOf(wish))
      : answerWithout(options, asked, c))
    if ('id' in said) return respondWithJob(c as never, jobs as Jobs, said, wish?.applied)
    hold(budget, said, c)
    return respond(c, said)
  })
  app.all('/v1/:verb', async (c, next) =>
    isQuestion(c.req.param('verb')) ? refuseMethod(c, 'POST') : next(),
  )
  app.notFound(c => respond(c, makeRefusal('not-found', `nothing is at ${c.req.method} ${c.req.path}`)))
  app.onError((error, c) => {
    const said = error instanceof RequestRefused ? error : errorOf(error)
    if (said) return respond(c, makeRefusal(said.kind, said.message))
    if (error instanceof HTTPException) return error.getResponse()
    const fault = error instanceof InventoryError ? STORE_REFUSALS[error.kind] : undefined
    // What a request cannot have is no fault of the database.
    const isTheirs = fault !== undefined && ['conflict', 'bad-request', 'forbidden'].includes(fault[0])
    if (!isTheirs) onFault?.(error, c.env ?? {})
    if (fault) return respond(c, makeRefusal(...fault))
    return respond(c, makeRefusal('fault', 'a fault in virt-cpu itself: please report it'))
  })
  return app
}

/** Answers where there are no jobs. */
async function answerWithout(
  { answer }: AppOptions,
  { verb, body, release }: Pick<Job, 'verb' | 'body' | 'release'>,
  c: AppContext,
): Promise<HttpAnswer> {
  try {
    return await answer(verb, body, c.req.raw.signal)
  } finally {
    release()
  }
}

/** Counts an answer in the budget until it was sent. @throws RequestRefused */
function hold(budget: ByteBudget, { body }: HttpAnswer, { env }: AppContext): void {
  const release = budget.holdAnswer(body.length)
  if (env?.onSent) env.onSent(release)
  else release()
}

const inventoryRoutesOf = (
  { open, ended }: NonNullable<AppOptions['inventory']>,
  read: ReadRequest,
): InventoryRoutes => ({ open, read, events: new EventFeed(open, ended) })

/** What is said of a database that cannot do it: its own words are for the log alone. */
const STORE_REFUSALS: Partial<Record<InventoryFault, readonly [Refusal, string]>> = {
  unreachable: ['unavailable', 'the inventory cannot be reached: ask again later'],
  busy: ['unavailable', 'others write the same: ask again'],
  full: ['full', 'the inventory has no room left on its disk'],
  conflict: ['conflict', 'there is one already'],
  'read-only': [
    'forbidden',
    'this server has a copy of the inventory, which takes no changes: send them to a server of the original',
  ],
  value: ['bad-request', 'the inventory cannot store such a value'],
}

function refuseMethod(c: AppContext, allowed: string): Response {
  c.header('allow', allowed)
  return respond(c, makeRefusal('bad-method', `${c.req.path} takes ${allowed}, not ${c.req.method}`))
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** As much as a request about a token may have. */
const SMALL_BODY = 16 * 2 ** 10

const respond = (c: AppContext, { status, body }: HttpAnswer): Response => {
  if (status === 503) c.header('retry-after', '5')
  return c.body(body, status, { 'content-type': 'application/json' })
}

/**
 * Refuses what another web site makes a browser send here: by name it could reach this server through a DNS entry
 * of its own, so that only addresses, `localhost` and the configured names count as ours.
 * @throws RequestRefused
 */
function checkOrigin(headers: Headers, names: readonly string[], isProxied: boolean): void {
  const forwarded = isProxied ? headers.get('x-forwarded-host')?.split(',').at(-1)?.trim() : undefined
  const host = forwarded || (headers.get('host') ?? '')
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
