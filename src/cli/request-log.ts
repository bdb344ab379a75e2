import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { AuditEntry } from '../inventory/access.ts'
import type { Session } from './globals.ts'
import type { IsProxy, LogForm } from './setting-values.ts'
import { withoutSecrets } from './tokens.ts'

/** Who sends a request, as far as its connection tells. */
interface Sender {
  readonly id: string
  readonly isProxied: boolean
  readonly address: string
  /** Whose token it has, once that is known. */
  who?: string
}

/** Who sends a request. Only of a proxy that the server was told of are the headers that say so believed. */
export function identifySender({ headers, socket }: IncomingMessage, isProxy: IsProxy): Sender {
  const plain = (address: string) => address.trim().replace(/^::ffff:(?=\d+\.)/, '')
  const peer = plain(socket.remoteAddress ?? '')
  const isProxied = isProxy(peer)
  const given = String(headers['x-request-id'] ?? '')
  const id = isProxied && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
  const before = isProxied
    ? String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .map(plain)
    : []
  const client = before.findLast(address => !isProxy(address)) ?? peer
  return { id, isProxied, address: isIP(client) > 0 ? client : peer }
}

/** What is written of requests: nothing of their bodies, of queries or of headers. */
export class RequestLog {
  readonly #form: LogForm
  readonly #session: Session

  constructor(form: LogForm, session: Session) {
    this.#form = form
    this.#session = session
  }

  /** Writes a line when a request is answered, or its client is gone. */
  request({ method, url = '', socket }: IncomingMessage, response: ServerResponse, client: Sender): void {
    if (this.#form === 'none') return
    const started = performance.now()
    const before = socket.bytesWritten
    response.once('close', () =>
      this.#write('info', {
        id: client.id,
        client: client.address,
        who: client.who,
        method,
        path: encodeURI(withoutSecrets(url.replace(/[?#].*/s, '')).slice(0, 200)),
        status: response.writableFinished ? response.statusCode : null,
        bytes: socket.bytesWritten - before,
        ms: Math.round(performance.now() - started),
      }),
    )
  }

  /** Writes a fault of ours. */
  fault(lines: readonly string[], id: string | undefined): void {
    if (this.#form === 'json') this.#write('error', { id, message: lines.join('; ') })
    else this.#session.err(withoutSecrets(lines.map(line => `error: ${line}\n`).join('')))
  }

  /** Writes who changed something, whatever is logged of requests. */
  audit(entry: AuditEntry): void {
    this.#write('audit', { ...entry })
  }

  /** Writes what the server did by itself. */
  note(message: string): void {
    if (this.#form !== 'none') this.#write('info', { message })
  }

  #write(level: string, what: Readonly<Record<string, unknown>>): void {
    const time = new Date().toISOString()
    const line =
      this.#form === 'json' ? JSON.stringify({ time, level, ...what }) : [time, ...wordsOf(what)].join(' ')
    this.#session.err(`${withoutSecrets(line)}\n`)
  }
}

/** What is known, as words of a line: what is no word is quoted. */
const wordsOf = (what: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(what).flatMap(([name, value]) => {
    if (value === undefined) return []
    const isWord = typeof value !== 'object' && /^[!-~]+$/.test(String(value))
    return [`${name}=${isWord ? value : JSON.stringify(value)}`]
  })
