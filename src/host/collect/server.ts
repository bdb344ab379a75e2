import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { readWholeText } from '../files/files.ts'

/** The address of a route below `/v1/` of a server, whose own address may end in slashes. */
export const addressOf = (url: string, route: string): URL =>
  new URL(`${url.replace(/(?<!\/)\/+$/, '')}/v1/${route}`)

/** The token that a client shows a server: that of a file, else of the variable VIRT_CPU_TOKEN; undefined: it has none. @throws FileError */
export function readToken(path: string | undefined): string | undefined {
  const token = path === undefined ? process.env.VIRT_CPU_TOKEN : readWholeText(path)
  return token?.trim() || undefined
}

/** A server that takes reports, and how it is asked. */
export interface ReportServer {
  /** Its address, without `/v1`. */
  readonly url: string
  readonly token?: string | undefined
  /** The pool of all hosts that are reported; absent: the server's. */
  readonly pool?: string | undefined
  /** How long one try may take, in ms. */
  readonly timeout: number
  /** How often more a report is sent where the server could not be reached or take it. */
  readonly retries: number
  readonly signal: AbortSignal
}

/** What a server made of a report. */
export interface Sent {
  readonly host: string
  readonly id: string
  readonly state: 'new' | 'changed' | 'same'
}

/** A server does not take a report: its address, its status and its words. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
}

const STATES: Readonly<Record<number, Sent['state']>> = {
  200: 'changed',
  201: 'new',
  204: 'changed',
  304: 'same',
  412: 'same',
}

/** The longest that a server is believed to need before the next try, in ms. */
const LONGEST_PAUSE = 60_000

/**
 * Sends a host's text to a server: the request of deploy/agent, which sends a hash with it.
 * @param name what to call a host whose text does not say its name
 * @throws NotTaken
 */
export async function sendReport(given: string, name: string, server: ReportServer): Promise<Sent> {
  const text = withoutMoments(given)
  const host = factOf(text, 'name') ?? name
  const id = idOf(text, name)
  const address = addressOf(server.url, `hosts/${id}`)
  const where = String(address)
  address.searchParams.set('name', host)
  if (server.pool !== undefined) address.searchParams.set('pool', server.pool)
  for (let tries = 0; ; tries++) {
    const said = await sendOnce(address, text, server)
    if (said.state) return { host, id, state: said.state }
    if (!said.mayPass || tries >= server.retries || server.signal.aborted)
      throw new NotTaken(`${where}: ${said.why}`)
    await pause(said.after ?? 1000 * (tries + 1), undefined, { signal: server.signal }).catch(() => {})
  }
}

interface Said {
  readonly state?: Sent['state'] | undefined
  readonly why: string
  readonly mayPass: boolean
  /** How long to wait before the next try, in ms. */
  readonly after?: number | undefined
}

async function sendOnce(address: URL, text: string, server: ReportServer): Promise<Said> {
  try {
    const response = await fetch(address, {
      method: 'PUT',
      body: text,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'if-none-match': `"${hashOf(text)}"`,
        ...(server.token !== undefined && { authorization: `Bearer ${server.token}` }),
      },
      // The token is for this server alone.
      redirect: 'manual',
      signal: AbortSignal.any([server.signal, AbortSignal.timeout(server.timeout)]),
    })
    const { status } = response
    const body = await response.text()
    const words = stringIn(body, 'message')
    // A text that is another may say the same of its host.
    const isSame = /^(?:seen|stale)$/.test(stringIn(body, 'result'))
    const wait = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000
    return {
      state: isSame ? 'same' : STATES[status],
      why: [status, words].filter(Boolean).join(' '),
      mayPass: [408, 425, 429].includes(status) || status >= 500,
      after: wait >= 0 ? Math.min(wait, LONGEST_PAUSE) : undefined,
    }
  } catch (error) {
    return { why: wordsOf(error, server), mayPass: true }
  }
}

/** The first text that a key has in a server's JSON; empty: none. */
function stringIn(json: string, key: string): string {
  const [, value] = new RegExp(`"${key}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*")`).exec(json) ?? []
  return value === undefined ? '' : String(JSON.parse(value))
}

function wordsOf(error: unknown, { timeout, signal }: ReportServer): string {
  if (signal.aborted) return 'interrupted'
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`
  const { cause } = error
  return cause instanceof Error ? cause.message || String(Reflect.get(cause, 'code')) : error.message
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What a report's first section says of its host. */
const factOf = (text: string, key: string): string | undefined =>
  new RegExp(`^\\[host\\]\\n(?:\\|.*\\n)*?\\|${key}: (.+)$`, 'm').exec(text)?.[1]

/** Nobody reads a machine's ids out of it. The agent makes the same. */
const idOf = (text: string, name: string): string =>
  hashOf(`virt-cpu ${factOf(text, 'machine-id') ?? factOf(text, 'uuid') ?? name}\n`).slice(0, 32)

/** Lines of a report that differ each time it is made: the time, clocks, and the number of the processor that was asked. */
const MOMENTS =
  /^\|(?:time: |(?:cpu MHz|clock|timebase)[ \t]*:|CPU(?:\(s\) scaling)? MHz:| +0x(?:0000000b|0000001f|8000001e) 0x).*\n/gm

/** A report without what differs each time, so that its hash says whether anything is new; another text as it is. */
const withoutMoments = (text: string): string =>
  text.startsWith('[virt-cpu-collect]')
    ? text.replace(MOMENTS, '').replace(/^(\| +0x00000001 0x00: .*ebx=0x)../gm, '$100')
    : text
