import { type Context, Hono } from 'hono'
import { QUESTIONS } from '../questions/table.ts'
import { type HttpAnswer, makeRefusal } from './answer.ts'
import { describeApi } from './openapi.ts'
import { RequestRefused } from './refused.ts'

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
   * Answers the text of a request for a verb, until its client goes away. What it throws, but Refused, is a fault
   * of ours.
   */
  readonly answer: (verb: string, text: string, gone: AbortSignal) => Promise<HttpAnswer>
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
  const policy = makePagePolicy(page)
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
  app.get('/v1/openapi.json', c => c.json(describeApi(version)))
  app.post('/v1/:verb', async c => {
    const verb = c.req.param('verb')
    if (!Object.hasOwn(QUESTIONS, verb)) {
      throw new RequestRefused(
        'not-found',
        `unknown verb '${verb}'; known: ${Object.keys(QUESTIONS).join(', ')}`,
      )
    }
    return respond(c, await answer(verb, await readBody(c.req.raw, LARGEST_BODY), c.req.raw.signal))
  })
  app.notFound(c => respond(c, makeRefusal('not-found', `nothing is at ${c.req.method} ${c.req.path}`)))
  app.onError((error, c) => {
    if (error instanceof RequestRefused) return respond(c, makeRefusal(error.kind, error.message))
    onFault?.(error)
    return respond(c, makeRefusal('fault', 'a fault in virt-cpu itself: please report it'))
  })
  return app
}

const respond = (c: Context, { status, body }: HttpAnswer): Response => {
  if (status === 503) c.header('retry-after', '5')
  return c.body(body, status, { 'content-type': 'application/json' })
}

/**
 * Refuses what another web site makes a browser send here: by name it could reach this server through a DNS entry
 * of its own, so that only addresses, `localhost` and the name that was configured count as ours.
 * @param own the name that the server was told to listen on
 * @throws Refused
 */
function checkOrigin(headers: Headers, own: string | undefined): void {
  const host = headers.get('host') ?? ''
  const name = host.replace(/:\d*$/, '').toLowerCase()
  if (!isAddress(name) && name !== 'localhost' && !name.endsWith('.localhost') && name !== own?.toLowerCase())
    throw new RequestRefused('forbidden', `this server is not called '${host}'`)
  const origin = headers.get('origin')
  if (origin !== null && origin.replace(/^https?:\/\//, '') !== host)
    throw new RequestRefused('forbidden', `requests from ${origin} are not answered`)
}

const isAddress = (name: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/.test(name)

/**
 * A request's body as text, whether its length was told or it comes in chunks; empty where there is none.
 * @throws Refused where it has more than `most` bytes, as soon as that is known
 */
async function readBody(request: Request, most: number): Promise<string> {
  if (Number(request.headers.get('content-length')) > most) throw makeTooLargeError(most)
  const reader = request.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  const texts: string[] = []
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > most) throw makeTooLargeError(most)
    texts.push(decoder.decode(part.value, { stream: true }))
  }
  return texts.join('') + decoder.decode()
}

const makeTooLargeError = (most: number): RequestRefused =>
  new RequestRefused('too-large', `the body has more than ${most} bytes`)
