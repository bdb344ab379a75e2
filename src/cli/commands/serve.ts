import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fleetsIn } from '../../http/answer.ts'
import { createApp } from '../../http/app.ts'
import { Jobs } from '../../http/jobs.ts'
import type { AlertFigures } from '../../http/metrics.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { contextOf } from '../../questions/context.ts'
import { AlertKeeper } from '../alert-keeper.ts'
import { AlertRules, checkAlerts } from '../alert-rules.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import type { Session } from '../globals.ts'
import { readTextsIn } from '../host-texts.ts'
import { type Certificate, type Listening, type ListenRules, listen } from '../listen.ts'
import { identifySender, RequestLog } from '../request-log.ts'
import { checkAccess, noteOnAccess, openAccess, readCertificate } from '../serve-access.ts'
import { readSettings, SETTING_OPTIONS, type ServeSettings } from '../serve-settings.ts'
import { ServeStore, type StoreOptions, TemporaryResults } from '../serve-store.ts'
import { shareMemory } from '../server-memory.ts'
import { CommandError } from '../spec.ts'
import { endOf, GivenTokens, makeSecret, printNewToken } from '../tokens.ts'
import { readSecret } from '../webhooks.ts'
import { WorkerPool } from '../worker-pool.ts'
import { pageWithInventory, readPage } from './page.ts'

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
      'Serve the page at /, and the questions of batch at POST /v1/VERB, described by /v1/openapi.json; with --store also what hosts report of themselves, and their history. Only this ' +
      'machine can reach it unless --listen says otherwise; then every client needs a token. Ctrl-C stops it, SIGHUP makes ' +
      'it read tokens, rules and certificate again. Each setting may also be given by a ' +
      'variable such as VIRT_CPU_SERVE_PORT, or as a key of the file of --config.',
    options: [
      ...SETTING_OPTIONS,
      { name: 'config', value: 'file', help: 'a file of settings in YAML or JSON' },
      { name: 'check-config', help: 'print the settings and where each comes from, and serve nothing' },
      {
        name: 'new-token',
        value: 'NAME=ROLES',
        help: 'print a new token for a client, and the setting by which a server knows it, and serve nothing; the roles are of report, read, plan and admin, such as read+report, and :2027-01-31 may follow, its last day',
      },
      { name: 'open', help: 'show the page in a browser' },
    ],
    example: 'virt-cpu serve --port 8680',
    style: 'own',
  },

  async run(args, session) {
    const user = args.get('new-token')
    if (user !== undefined) {
      session.out(await printNewToken(user))
      return 0
    }
    const { settings, text } = await readSettings(args, process.env)
    checkAccess(settings)
    readCertificate(settings)
    checkAlerts(settings)
    const rules = await readAlertRules(settings, session)
    const secret = readSecret(settings, process.env)
    await checkMaps(settings, session.cpuMap)
    if (args.has('check-config')) {
      session.out(text)
      return 0
    }
    const log = new RequestLog(settings.log, session)
    const gate = { log, tokens: new GivenTokens(settings.token), certificate: readCertificate(settings) }
    const failed = new AbortController()
    const server = await start(settings, session, {
      ...{ ...gate, rules, secret },
      onFinal: error => failed.abort(error),
    })
    session.out(`virt-cpu serves ${server.url} (Ctrl-C stops it)\n`)
    session.out(noteOnAccess(settings))
    if (settings.sync && !settings.store)
      session.out('without --store, what is not in the files is lost when it stops, and so is the history\n')
    process.on('SIGHUP', () => void reload(args, session, server, gate))
    if (args.has('open')) openBrowser(server.url)
    const status = await stopped(server, failed.signal)
    if (failed.signal.aborted) throw new CommandError(linesOf(failed.signal.reason))
    return status
  },
}

/** What lets clients in. */
interface Gate {
  readonly log: RequestLog
  readonly tokens: GivenTokens
  readonly certificate: Certificate | undefined
  readonly rules?: AlertRules | undefined
  /** What receivers of alerts know the server by. */
  readonly secret?: string | undefined
}

const MIB = 2 ** 20

const syncOf = ({ sync, 'sync-every': every }: ServeSettings): StoreOptions['sync'] =>
  sync ? { files: sync, every } : undefined

/** A job may take so many times as long as a request. */
const JOB_LIMITS = 10

/** A server, and what makes alerts. */
interface Started extends Listening {
  readonly alerts?: AlertKeeper | undefined
}

const NO_FIGURES: AlertFigures = {
  evaluated: 0,
  notEvaluated: 0,
  delivered: 0,
  notDelivered: 0,
  leads: false,
}

/** Undefined: there are none. @throws FileError, ParseError */
async function readAlertRules({ rules }: ServeSettings, session: Session): Promise<AlertRules | undefined> {
  if (!rules) return undefined
  const map =
    session.cpuMap === undefined
      ? undefined
      : (await import('../../host/files/cpu-map.ts')).openCpuMap(session.cpuMap)
  return AlertRules.read(rules, contextOf(map))
}

/** Starts a server with its workers. @throws CommandError */
async function start(
  settings: ServeSettings,
  session: Session,
  { log, tokens, certificate: tls, onFinal, rules, secret }: Gate & Pick<StoreOptions, 'onFinal'>,
): Promise<Started> {
  let figures = (): AlertFigures => NO_FIGURES
  const kept = settings.store ?? (settings.sync ? { inMemory: true as const } : undefined)
  const { bytes, workers, heap, largest, connections } = shareMemory(
    settings.memory,
    availableParallelism(),
    kept !== undefined,
  )
  const crew = new WorkerPool({
    program: join(__dirname, 'worker.cjs'),
    maps: { own: session.cpuMap, named: [...settings['cpu-map']] },
    limit: settings.limit,
    most: workers,
    memory: heap,
    largest,
    fleets: kept && (async of => fleetsIn(() => opened(store))(of)),
  })
  const { cpuMap } = session
  const reader = readTextsIn(crew)
  const store = kept && new ServeStore(kept, { log, cpuMap, reader, sync: syncOf(settings), onFinal })
  const { stored, ...access } = await openAccess(settings, tokens, log, store)
  const files = new TemporaryResults()
  const { wait, limit } = settings
  const jobs = new Jobs({
    answer: (verb, body, gone, onProgress) =>
      crew.answer(verb, body, gone, { limit: JOB_LIMITS * limit, onProgress }),
    running: Math.max(1, workers - 1),
    ...{ wait, limit },
    bytes: bytes / 2,
    files: Object.assign(files, { most: settings.memory * MIB }),
    now: () => performance.now(),
    makeId: () => randomUUID(),
    onFault: error => log.fault(linesOf(error), undefined),
  })
  const app = createApp({
    jobs,
    version: __VERSION__,
    answer: (verb, body, gone) => crew.answer(verb, body, gone),
    isFull: () => crew.isFull,
    figures: { now: () => performance.now(), workers: () => crew.load, alerts: rules && (() => figures()) },
    page: store ? pageWithInventory(readPage(), readPage('inventory')) : readPage(),
    names: [settings.listen.toLowerCase(), ...settings.name],
    onFault: (error, { id }) => log.fault(linesOf(error), id),
    bytes,
    access,
    tokens: {
      known: stored ? [tokens, stored] : [tokens],
      ...{ store: stored, auditLog: store?.auditLog, makeSecret, endOf },
    },
    inventory: store,
  })
  const identify: ListenRules['identify'] = (request, response) => {
    const sender = identifySender(request, settings.proxy ?? (() => false))
    response.setHeader('x-request-id', sender.id)
    log.request(request, response, sender)
    const { id, isProxied, address: client } = sender
    return { id, isProxied, client, onKnown: who => Object.assign(sender, { who }) }
  }
  const place = { address: settings.listen, port: settings.port, tls }
  const server = await listen(app.fetch, place, { connections, identify })
  const {
    name: [name],
    webhook,
  } = settings
  const alerts =
    store && rules
      ? new AlertKeeper({
          ...{ open: store.open, rules, webhooks: webhook, secret, log },
          patience: settings['alert-after'],
          check: body => crew.answer('check', body, undefined, { limit: JOB_LIMITS * settings.limit }),
          server: name === undefined ? server.url : new URL(`//${name}/`, server.url).href,
        })
      : undefined
  figures = alerts?.figures ?? figures
  // Those who listen to events would stay for ever: they go first, and the store is closed last.
  const stop = () => {
    jobs.stop()
    files.end()
    store?.letGo()
    const ended = Promise.all([alerts?.stop(), server.stop()])
    return ended.then(() => {}).finally(() => store?.close())
  }
  return { ...server, stop, alerts }
}

/** @throws RequestRefused while it is not open */
const opened = (store: ServeStore | undefined): Promise<Inventory> => {
  if (!store) throw new RangeError('a server without a store has no fleets')
  return store.open()
}

/** Reads the tokens and the certificate again; what cannot be read stays as it was. */
async function reload(
  args: Arguments,
  session: Session,
  server: Started,
  { tokens, log }: Gate,
): Promise<void> {
  try {
    const { settings } = await readSettings(args, process.env)
    checkAccess(settings)
    checkAlerts(settings)
    const certificate = readCertificate(settings)
    const [rules, secret] = [await readAlertRules(settings, session), readSecret(settings, process.env)]
    if (certificate) server.certify(certificate)
    if (rules) server.alerts?.replace(rules, secret)
    tokens.replace(settings.token)
    const more = [...(certificate ? ['the certificate'] : []), ...(rules ? ['rules'] : [])]
    log.note(['read again: tokens', `(${settings.token.length})`, ...more.map(one => `and ${one}`)].join(' '))
  } catch (error) {
    log.fault([`nothing was read again: ${linesOf(error).join('; ')}`], undefined)
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
const stopped = (server: Listening, failed: AbortSignal): Promise<number> =>
  new Promise(resolve => {
    const stop = (status: number) => () => {
      process.removeAllListeners('SIGINT')
      process.removeAllListeners('SIGTERM')
      setTimeout(() => process.exit(status), END).unref()
      void server.stop().then(() => resolve(status))
    }
    process.once('SIGINT', stop(130))
    process.once('SIGTERM', stop(0))
    failed.addEventListener('abort', stop(2), { once: true })
    if (failed.aborted) stop(2)()
  })
