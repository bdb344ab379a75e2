import { type Context, Hono } from 'hono'
import { VERBS } from '../questions/table.ts'
import { type Answered, refusal } from './answer.ts'
import { bodyOf } from './body.ts'
import { NOTHING_ALLOWED, pagePolicy, SAFE_HEADERS } from './headers.ts'
import { openapi } from './openapi.ts'
import { checkOrigin } from './origin.ts'
import { Refused } from './refused.ts'

/** What a server answers with. */
export interface AppOptions {
  readonly version: string
  /**
   * Answers the text of a request for a verb, until its client goes away. What it throws, but Refused, is a fault
   * of ours.
   */
  readonly answer: (verb: string, text: string, gone: AbortSignal) => Promise<Answered>
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
export function createApp({ version, answer, page, name, onFault }: AppOptions): Hono {
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
    return respond(c, await answer(verb, await bodyOf(c.req.raw, LARGEST_BODY), c.req.raw.signal))
  })
  app.notFound(c => respond(c, refusal('not-found', `nothing is at ${c.req.method} ${c.req.path}`)))
  app.onError((error, c) => {
    if (error instanceof Refused) return respond(c, refusal(error.kind, error.message))
    onFault?.(error)
    return respond(c, refusal('fault', 'a fault in virt-cpu itself: please report it'))
  })
  return app
}

const respond = (c: Context, { status, body }: Answered): Response => {
  if (status === 503) c.header('retry-after', '5')
  return c.body(body, status, { 'content-type': 'application/json' })
}
