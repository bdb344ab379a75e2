import { type Context, Hono } from 'hono'
import type { Database } from '../database/database.ts'
import { ask, errorOf } from '../verbs/ask.ts'
import { checkLibvirt, parseRequest } from '../verbs/request.ts'
import { idText, withId } from '../verbs/request-id.ts'
import { VERBS } from '../verbs/table.ts'
import { bodyOf } from './body.ts'
import { NOTHING_ALLOWED, pagePolicy, SAFE_HEADERS } from './headers.ts'
import { openapi } from './openapi.ts'
import { checkOrigin } from './origin.ts'
import { Refused } from './refused.ts'
import { type Refusal, statusOf } from './status.ts'

/** What a server answers from. */
export interface AppOptions {
  readonly version: string
  /** For requests that name no map. */
  readonly database: Database
  /** The maps that requests may name. */
  readonly maps: ReadonlyMap<string, Database>
  /** The page's HTML. */
  readonly page: string
  /** The host name that the server was told to listen on, beside addresses and `localhost`. */
  readonly name?: string | undefined
  /** Is told of a fault of ours; its answer says nothing of it. */
  readonly onFault?: (error: unknown) => void
}

/** As much as a request's body may have: some ten thousand host definitions. */
export const LARGEST_BODY = 16 * 2 ** 20

/** The server as a function of requests: the contract's section 4. Nothing is remembered between requests. */
export function createApp({ version, database, maps, page, name, onFault }: AppOptions): Hono {
  const app = new Hono()
  const policy = pagePolicy(page)
  app.use(async (c, next) => {
    await next()
    const isPage = c.res.headers.get('content-type')?.startsWith('text/html') ?? false
    const headers = { ...SAFE_HEADERS, 'content-security-policy': isPage ? policy : NOTHING_ALLOWED }
    for (const [header, value] of Object.entries(headers)) c.res.headers.set(header, value)
  })
  app.use(async (c, next) => {
    checkOrigin(c.req.raw.headers, name)
    await next()
  })
  app.get('/', c => c.html(page))
  app.get('/healthz', c => c.json({ status: 'ok', version }))
  app.get('/v1/openapi.json', c => c.json(openapi(version)))
  app.post('/v1/:verb', async c => {
    const verb = c.req.param('verb')
    if (!Object.hasOwn(VERBS, verb)) {
      throw new Refused('not-found', `unknown verb '${verb}'; known: ${Object.keys(VERBS).join(', ')}`)
    }
    const text = await bodyOf(c.req.raw, LARGEST_BODY)
    const request = parseRequest(text)
    checkLibvirt(request.libvirt)
    const db = databaseOf(request.cpuMap, database, maps)
    const answer = ask({ db }, { ...request, verb })
    if (request.id === undefined) return c.json(answer)
    return c.body(withId(idText(request.id, text), answer), 200, { 'content-type': 'application/json' })
  })
  app.notFound(c => refuse(c, 'not-found', `nothing is at ${c.req.method} ${c.req.path}`))
  app.onError((error, c) => {
    if (error instanceof Refused) return refuse(c, error.kind, error.message)
    const said = errorOf(error)
    if (said) return refuse(c, said.kind, said.message)
    onFault?.(error)
    return refuse(c, 'fault', 'a fault in virt-cpu itself: please report it')
  })
  return app
}

const refuse = (c: Context, kind: Refusal, message: string): Response =>
  c.json({ error: { kind, message } }, statusOf(kind))

/** @throws Refused for a path; a map is configured when the server is started */
function databaseOf(name: unknown, own: Database, maps: ReadonlyMap<string, Database>): Database {
  if (name === undefined) return own
  const map = typeof name === 'string' ? maps.get(name) : undefined
  if (map) return map
  const known = maps.size > 0 ? `known: ${[...maps.keys()].join(', ')}` : 'the server was given none'
  throw new Refused('forbidden', `cpuMap must be the name of a map that the server was given; ${known}`)
}
