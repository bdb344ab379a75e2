import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../../http/app.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import type { Session } from '../globals.ts'
import { type Listening, type ListenRules, listen } from '../listen.ts'
import {
  type IsProxy,
  type LogForm,
  readSettings,
  SETTING_OPTIONS,
  type ServeSettings,
  shareMemory,
} from '../serve-settings.ts'
import { WorkerPool } from '../worker-pool.ts'
import { readPage } from './page.ts'

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

export const command: Command = {
  spec: {
    name: 'serve',
    description:
      'Serve the page at /, and the questions of batch at POST /v1/VERB, described by /v1/openapi.json. Only this ' +
      'machine can reach it unless --listen says otherwise. Ctrl-C stops it. Each setting may also be given by a ' +
      'variable such as VIRT_CPU_SERVE_PORT, or as a key of the file of --config.',
    options: [
      ...SETTING_OPTIONS,
      { name: 'config', value: 'file', help: 'a file of settings in YAML or JSON' },
      { name: 'check-config', help: 'print the settings and where each comes from, and serve nothing' },
      { name: 'open', help: 'show the page in a browser' },
    ],
    example: 'virt-cpu serve --port 8680',
    style: 'own',
  },

  async run(args, session) {
    const { settings, text } = await readSettings(args, process.env)
    await checkMaps(settings, session.cpuMap)
    if (args.has('check-config')) {
      session.out(text)
      return 0
    }
    const server = await start(settings, session)
    session.out(`virt-cpu serves ${server.url} (Ctrl-C stops it)\n`)
    if (args.has('open')) openBrowser(server.url)
    return stopped(server)
  },
}

/** Starts a server with its workers. @throws CommandError */
function start(settings: ServeSettings, session: Session): Promise<Listening> {
  const { bytes, workers, heap, largest, connections } = shareMemory(settings.memory, availableParallelism())
  const crew = new WorkerPool({
    program: join(__dirname, 'worker.cjs'),
    maps: { own: session.cpuMap, named: [...settings['cpu-map']] },
    limit: settings.limit,
    most: workers,
    memory: heap,
    largest,
  })
  const log = new RequestLog(settings.log, session)
  const app = createApp({
    version: __VERSION__,
    answer: (verb, body, gone) => crew.answer(verb, body, gone),
    isFull: () => crew.isFull,
    page: readPage(),
    names: [settings.listen.toLowerCase(), ...settings.name],
    onFault: (error, { id }) => log.fault(linesOf(error), id),
    bytes,
  })
  const identify: ListenRules['identify'] = (request, response) => {
    const known = identifyClient(request, settings.proxy)
    response.setHeader('x-request-id', known.id)
    log.request(request, response, known)
    return known
  }
  return listen(app.fetch, { address: settings.listen, port: settings.port }, { connections, identify })
}

/** Who sends a request. */
interface Client {
  readonly id: string
  readonly isProxied: boolean
  readonly address: string
}

/** Who sends a request. Only of a proxy that the server was told of are the headers that say so believed. */
function identifyClient({ headers, socket }: IncomingMessage, isProxy: IsProxy): Client {
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
class RequestLog {
  readonly #form: LogForm
  readonly #session: Session

  constructor(form: LogForm, session: Session) {
    this.#form = form
    this.#session = session
  }

  /** Writes a line when a request is answered, or its client is gone. */
  request({ method, url = '', socket }: IncomingMessage, response: ServerResponse, client: Client): void {
    if (this.#form === 'none') return
    const started = performance.now()
    const before = socket.bytesWritten
    response.once('close', () =>
      this.#write('info', {
        id: client.id,
        client: client.address,
        method,
        path: encodeURI(url.replace(/[?#].*/s, '').slice(0, 200)),
        status: response.writableFinished ? response.statusCode : null,
        bytes: socket.bytesWritten - before,
        ms: Math.round(performance.now() - started),
      }),
    )
  }

  /** Writes a fault of ours. */
  fault(lines: readonly string[], id: string | undefined): void {
    if (this.#form === 'json') this.#write('error', { id, message: lines.join('; ') })
    else this.#session.err(lines.map(line => `error: ${line}\n`).join(''))
  }

  #write(level: string, what: Readonly<Record<string, unknown>>): void {
    const time = new Date().toISOString()
    const line =
      this.#form === 'json'
        ? JSON.stringify({ time, level, ...what })
        : [time, ...Object.entries(what).map(([name, value]) => `${name}=${value}`)].join(' ')
    this.#session.err(`${line}\n`)
  }
}

/** Reads each map once, so that a bad one is told before anybody asks. @throws FileError, ParseError, LibvirtError */
async function checkMaps(settings: ServeSettings, own: string | undefined): Promise<void> {
  const folders = [...(own === undefined ? [] : [own]), ...settings['cpu-map'].values()]
  if (folders.length === 0) return
  const { openCpuMap } = await import('../../host/files/cpu-map.ts')
  for (const folder of folders) openCpuMap(folder)
}

/** More than what is under way may take when the server stops. */
const END = 9_500

/** Waits for Ctrl-C or a polite end; what is under way is answered first, and a second Ctrl-C ends at once. */
const stopped = (server: Listening): Promise<number> =>
  new Promise(resolve => {
    const stop = (status: number) => () => {
      process.removeAllListeners('SIGINT')
      process.removeAllListeners('SIGTERM')
      setTimeout(() => process.exit(status), END).unref()
      void server.stop().then(() => resolve(status))
    }
    process.once('SIGINT', stop(130))
    process.once('SIGTERM', stop(0))
  })
