import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Connection } from '../http/app.ts'
import { CommandError } from './spec.ts'

export interface Listening {
  /** `http://127.0.0.1:8680/` */
  readonly url: string
  /** Shows new clients another certificate. @throws Error for one that is none */
  readonly certify: (certificate: Certificate) => void
  /** Takes no more requests, and settles when those under way are answered or `Patience.stop` is over. */
  readonly stop: () => Promise<void>
}

/** A certificate with its chain, and its key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** How long a client may take, in milliseconds. */
interface Patience {
  /** To send a request's headers. */
  readonly headers: number
  /** To send all of a request. */
  readonly request: number
  /** To read an answer. */
  readonly answer: number
  /** For what is under way when the server stops. */
  readonly stop: number
}

const PATIENCE: Patience = { headers: 10_000, request: 30_000, answer: 120_000, stop: 8_000 }

/** As many requests of one connection are taken before the first of them is answered and read. */
const MOST_PIPELINED = 16

/** How a server treats its clients. */
export interface ListenRules {
  readonly patience?: Patience
  /** More connections than this: the oldest that asks nothing is closed. */
  readonly connections?: number
  /** What is known of a request beside its connection. */
  readonly identify?: (request: IncomingMessage, response: ServerResponse) => Omit<Connection, 'onSent'>
}

/** Where a server listens; with a certificate it speaks TLS. */
interface Place {
  readonly address: string
  readonly port: number
  readonly tls?: Certificate | undefined
}

/**
 * Serves requests at an address, until it is stopped.
 * @throws CommandError where the address cannot be had
 */
export async function listen(
  fetch: (request: Request, connection: Connection) => Response | Promise<Response>,
  { address, port, tls }: Place,
  { patience = PATIENCE, connections = 4096, identify = () => ({}) }: ListenRules = {},
): Promise<Listening> {
  const clients = new Clients(connections)
  const facts = new WeakMap<IncomingMessage, Connection>()
  const answer = getRequestListener(
    (request, { incoming }) => fetch(request, facts.get(incoming as IncomingMessage) ?? {}),
    { overrideGlobalObjects: false },
  )
  const options = {
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    connectionsCheckingInterval: Math.ceil(patience.headers / 4),
    keepAliveTimeout: 5_000,
    maxHeaderSize: 16 * 1024,
  }
  const take = (request: IncomingMessage, response: ServerResponse, onRead?: () => void) => {
    if (!clients.ask(request, response)) return
    const onSent = waitUntilSent(response, patience.answer)
    facts.set(request, { ...identify(request, response), onSent, ...(onRead && { onRead }) })
    void answer(request, response)
  }
  const server = tls
    ? createTlsServer({ ...options, ...tls, handshakeTimeout: patience.headers })
    : createServer(options)
  server.on('request', (request, response) => take(request, response))
  server.on('checkContinue', (request, response) => take(request, response, waitForBody(response)))
  server.maxConnections = 2 * connections
  server.on(tls ? 'secureConnection' : 'connection', socket => clients.add(socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error, address, port)))
    server.listen(port, address, resolve)
  })
  return {
    url: urlOf(server, address),
    certify: certificate => server instanceof TlsServer && server.setSecureContext(certificate),
    stop: () => stop(server, clients, patience.stop),
  }
}

/**
 * Asks a client for its body when that is read, once. One that is answered before sends it or not, as it likes, and nobody
 * knows where its next request begins: the connection ends.
 */
function waitForBody(response: ServerResponse): () => void {
  const keepsAlive = response.shouldKeepAlive
  response.shouldKeepAlive = false
  let isAsked = false
  return () => {
    if (isAsked || response.headersSent) return
    isAsked = true
    response.shouldKeepAlive = keepsAlive
    response.writeContinue()
  }
}

/** Calls back when an answer was sent, or its client is gone; one that does not read it in time is let go. */
const waitUntilSent =
  (response: ServerResponse, patience: number): NonNullable<Connection['onSent']> =>
  sent => {
    const timer = setTimeout(() => response.destroy(), patience).unref()
    response.once('close', () => {
      clearTimeout(timer)
      sent()
    })
    if (response.closed) response.emit('close')
  }

function stop(server: Server | TlsServer, clients: Clients, patience: number): Promise<void> {
  return new Promise(resolve => {
    clients.letGo()
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), patience).unref()
  })
}

/** The open connections, from the oldest on, and what each of them asks. */
class Clients {
  readonly #most: number
  readonly #asked = new Map<Socket, Set<ServerResponse>>()
  #isStopping = false

  constructor(most: number) {
    this.#most = most
  }

  /** Where there are too many, the oldest that waits for no answer makes room. */
  add(socket: Socket): void {
    if (this.#asked.size >= this.#most) this.#dispensable()?.destroy()
    this.#asked.set(socket, new Set())
    socket.once('close', () => this.#asked.delete(socket))
  }

  /** Takes a request. @returns false where the connection asks too much at once, and is closed */
  ask({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const asked = this.#asked.get(socket)
    if (!asked || asked.size >= MOST_PIPELINED) {
      socket.destroy()
      return false
    }
    asked.add(response)
    response.once('close', () => asked.delete(response))
    if (this.#isStopping) response.shouldKeepAlive = false
    return true
  }

  /** From now on each connection ends with the answer under way. */
  letGo(): void {
    this.#isStopping = true
    for (const asked of this.#asked.values()) {
      for (const response of asked) if (!response.headersSent) response.shouldKeepAlive = false
    }
  }

  #dispensable(): Socket | undefined {
    for (const [socket, asked] of this.#asked) {
      if (![...asked].some(({ req }) => req.complete)) return socket
    }
    return this.#asked.keys().next().value
  }
}

function urlOf(server: Server | TlsServer, address: string): string {
  const at = server.address()
  const port = typeof at === 'object' ? at?.port : undefined
  return `${server instanceof TlsServer ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}/`
}

function cannotListen(error: Error, address: string, port: number): CommandError {
  const code = 'code' in error ? error.code : undefined
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)`,
    EACCES: `port ${port} needs more rights than you have: choose one from 1024 on`,
    EADDRNOTAVAIL: `${address} is not an address of this host`,
    ENOTFOUND: `there is no host called ${address}`,
  }
  return new CommandError([why[String(code)] ?? `cannot listen on ${address}: ${error.message}`], {
    cause: error,
  })
}
