import { join } from 'node:path'
import { createApp } from '../../http/app.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../error-lines.ts'
import { type Listening, listen } from '../listen.ts'
import { openBrowser } from '../open-browser.ts'
import { readPage } from '../page.ts'
import { UsageError } from '../spec.ts'
import { type MapFolders, WorkerPool } from '../worker-pool.ts'

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
      answer: (verb, text, gone) => crew.answer(verb, text, gone),
      page: readPage(),
      name: where.address,
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
