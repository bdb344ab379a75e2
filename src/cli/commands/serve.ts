import { spawn } from 'node:child_process'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { createApp } from '../../http/app.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import { CommandError, UsageError } from '../spec.ts'
import { type MapFolders, WorkerPool } from '../worker-pool.ts'
import { readPage } from './page.ts'

export interface Listening {
  /** `http://127.0.0.1:8680/` */
  readonly url: string
  /** Takes no more requests, and settles when those under way are answered or `Patience.stop` is over. */
  readonly stop: () => Promise<void>
}

/** How long a client may take, in milliseconds. */
interface Patience {
  /** To send a request's headers. */
  readonly headers: number
  /** To send all of a request. */
  readonly request: number
  /** For what is under way when the server stops. */
  readonly stop: number
}

const PATIENCE: Patience = { headers: 10_000, request: 30_000, stop: 8_000 }

/** More connections than this are closed at once. The bytes of bodies and the requests at work have limits of their own. */
const MOST_CONNECTIONS = 4096

/**
 * Serves requests at an address, until it is stopped.
 * @throws CommandError where the address cannot be had
 */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { address, port }: { readonly address: string; readonly port: number },
  patience: Patience = PATIENCE,
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: patience.headers,
      requestTimeout: patience.request,
      connectionsCheckingInterval: Math.ceil(patience.headers / 4),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16 * 1024,
    },
  }) as Server
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error, address, port)))
    server.listen(port, address, resolve)
  })
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), patience.stop).unref()
    })
  return { url: urlOf(server, address), stop }
}

function urlOf(server: Server, address: string): string {
  const at = server.address()
  const port = typeof at === 'object' ? at?.port : undefined
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}/`
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

const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Asks the desktop to show a page; where there is none, nothing happens. */
export function openBrowser(url: string): void {
  const [program = '', ...args] = OPENERS[process.platform] ?? ['xdg-open']
  spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

declare const __VERSION__: string

const LOOPBACK = '127.0.0.1'
const PORT = 8680
/** Seconds that a request may take to be answered. */
const LIMIT = 60

export const command: Command = {
  spec: {
    name: 'serve',
    description:
      'Serve the page at /, and the questions of batch at POST /v1/VERB, described by /v1/openapi.json. Only this ' +
      'machine can reach it unless --listen says otherwise. Ctrl-C stops it.',
    options: [
      { name: 'port', value: 'number', help: `the port; ${PORT} by default, 0 for any free one` },
      {
        name: 'listen',
        value: 'address',
        help: `the address or host name to listen on; ${LOOPBACK} by default`,
      },
      {
        name: 'name',
        value: 'host name',
        repeats: true,
        help: 'a name by which clients reach the server, such as that of a proxy; more than once for several',
      },
      {
        name: 'limit',
        value: 'seconds',
        help: `how long it may take to answer a request; ${LIMIT} by default`,
      },
      { name: 'open', help: 'show the page in a browser' },
      {
        name: 'cpu-map',
        value: 'NAME=DIR',
        repeats: true,
        help: "an installed libvirt's cpu_map directory that requests may name; more than once for several",
      },
    ],
    example: 'virt-cpu serve --port 8680',
    style: 'own',
  },

  async run(args, session) {
    const where = { address: args.get('listen') ?? LOOPBACK, port: portOf(args.get('port')) }
    const crew = new WorkerPool({
      program: join(__dirname, 'worker.cjs'),
      maps: { own: session.cpuMap, named: await mapsOf(args, session.cpuMap) },
      limit: limitOf(args.get('limit')),
    })
    const app = createApp({
      version: __VERSION__,
      answer: (verb, body, gone) => crew.answer(verb, body, gone),
      isFull: () => crew.isFull,
      page: readPage(),
      names: [where.address, ...args.all('name')].map(name => name.toLowerCase()),
      onFault: error =>
        session.err(
          linesOf(error)
            .map(line => `error: ${line}\n`)
            .join(''),
        ),
    })
    const server = await listen(app.fetch, where)
    session.out(`virt-cpu serves ${server.url} (Ctrl-C stops it)\n`)
    if (args.has('open')) openBrowser(server.url)
    return stopped(server)
  },
}

function portOf(text = String(PORT)): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65536) return port
  throw new UsageError(`--port takes a number from 0 to 65535, not '${text}'`)
}

/** In milliseconds. */
function limitOf(text = String(LIMIT)): number {
  const seconds = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds * 1000
  throw new UsageError(`--limit takes seconds, up to 3600, not '${text}'`)
}

/**
 * The maps that requests may name, each read once here, so that a bad one is told before anybody asks.
 * @throws UsageError; FileError, ParseError, LibvirtError for a map that cannot be read
 */
async function mapsOf(args: Arguments, own: string | undefined): Promise<MapFolders['named']> {
  const maps = new Map<string, string>()
  const given = args.all('cpu-map')
  if (given.length === 0 && own === undefined) return []
  const { openCpuMap } = await import('../../host/files/cpu-map.ts')
  if (own !== undefined) openCpuMap(own)
  for (const one of given) {
    const [, name, directory] = /^([\w.-]+)=(.+)$/s.exec(one) ?? []
    if (name === undefined || directory === undefined)
      throw new UsageError(`--cpu-map takes NAME=DIR, not '${one}'`)
    if (maps.has(name)) throw new UsageError(`--cpu-map names '${name}' twice`)
    openCpuMap(directory)
    maps.set(name, directory)
  }
  return [...maps]
}

/** Waits for Ctrl-C or a polite end; what is under way is answered first, and a second Ctrl-C ends at once. */
const stopped = (server: Listening): Promise<number> =>
  new Promise(resolve => {
    const stop = (status: number) => () => {
      process.removeAllListeners('SIGINT')
      process.removeAllListeners('SIGTERM')
      void server.stop().then(() => resolve(status))
    }
    process.once('SIGINT', stop(130))
    process.once('SIGTERM', stop(0))
  })
