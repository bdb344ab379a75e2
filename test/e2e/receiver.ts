import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a receiver was sent. */
interface Sent {
  readonly method: string
  readonly id: string
  readonly name: string | null
  readonly pool: string | null
  readonly headers: IncomingHttpHeaders
  /** Absent: it was answered before its body was read. */
  readonly text?: string
}

/** Something that takes reports as the server's `PUT /v1/hosts/{id}` does. */
export interface Receiver {
  readonly url: string
  readonly sent: Sent[]
  /** Answers the next requests with these statuses instead. */
  readonly next: (...statuses: number[]) => void
  readonly stop: () => void
}

export const TOKEN = 'vct_0123456789abcdefghijklmnopqrstuvwxyz'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Starts a receiver on a port of its own that wants TOKEN. */
export async function startReceiver(): Promise<Receiver> {
  const sent: Sent[] = []
  const planned: number[] = []
  const kept = new Map<string, string>()
  const server = createServer()
  const answer = (
    { method = '', url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
    body: string | undefined,
  ): [status: number, json: unknown] | undefined => {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const [, id] = /^\/v1\/hosts\/([A-Za-z0-9][\w.-]*)$/.exec(pathname) ?? []
    const [name, pool] = [searchParams.get('name'), searchParams.get('pool')]
    const request = { method, id: decodeURIComponent(id ?? ''), name, pool, headers }
    const key = `${headers['if-none-match']} ${name} ${pool}`
    const isKnown = id !== undefined && kept.get(id) === key
    const isRight = headers.authorization === `Bearer ${TOKEN}`
    if (body === undefined && isRight && !isKnown && planned.length === 0) return undefined
    sent.push(body === undefined ? request : { ...request, text: body })
    const status = planned.shift()
    if (status !== undefined) return [status, { error: { kind: 'planned', message: `planned ${status}` } }]
    if (!isRight) return [401, { error: { kind: 'unauthorized', message: 'no such token' } }]
    if (method !== 'PUT' || id === undefined)
      return [404, { error: { kind: 'not-found', message: 'nothing is here' } }]
    if (isKnown) return [304, undefined]
    if (body !== undefined && headers['if-none-match'] !== `"${hashOf(body)}"`)
      return [400, { error: { kind: 'bad-request', message: 'the hash is not that of the body' } }]
    const isNew = !kept.has(id)
    kept.set(id, key)
    return [isNew ? 201 : 200, { id, name }]
  }
  server.on('checkContinue', (request, response) => {
    const early = answer(request, undefined)
    if (early) {
      response.writeHead(early[0], { 'content-type': 'application/json', connection: 'close' })
      response.end(early[1] === undefined ? undefined : JSON.stringify(early[1]))
      return
    }
    response.writeContinue()
    server.emit('request', request, response)
  })
  server.on('request', (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      const [status, json] = answer(request, body) ?? [500, undefined]
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
      response.end(json === undefined ? undefined : JSON.stringify(json))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    next: (...statuses) => void planned.push(...statuses),
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
