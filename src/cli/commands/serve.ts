import type { Database } from '../../database/database.ts'
import { createApp } from '../../http/app.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { databaseOf } from '../database.ts'
import { linesOf } from '../lines-of.ts'
import { type Listening, listen } from '../listen.ts'
import { openBrowser } from '../open-browser.ts'
import { readPage } from '../page.ts'
import { UsageError } from '../spec.ts'

declare const __VERSION__: string

const LOOPBACK = '127.0.0.1'
const PORT = 8680

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
    const app = createApp({
      version: __VERSION__,
      database: await databaseOf(session),
      maps: await mapsOf(args),
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

/** @throws UsageError; FileError, ParseError, LibvirtError for a map that cannot be read */
async function mapsOf(args: Arguments): Promise<Map<string, Database>> {
  const maps = new Map<string, Database>()
  const given = args.all('cpu-map')
  if (given.length === 0) return maps
  const { openCpuMap } = await import('../../node/cpu-map.ts')
  for (const one of given) {
    const [, name, directory] = /^([\w.-]+)=(.+)$/s.exec(one) ?? []
    if (name === undefined || directory === undefined)
      throw new UsageError(`--cpu-map takes NAME=DIR, not '${one}'`)
    if (maps.has(name)) throw new UsageError(`--cpu-map names '${name}' twice`)
    maps.set(name, openCpuMap(directory))
  }
  return maps
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
