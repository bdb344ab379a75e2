import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, fstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ParseError } from '../../core/parse-error.ts'
import { type Pseudonym, redact } from '../../formats/redact.ts'
import { gather } from '../../host/collect/gather.ts'
import {
  collectScript,
  kubectlTarget,
  parseSshHost,
  readInventory,
  type SshHost,
  sshTarget,
  type Target,
  virshTarget,
} from '../../host/collect/targets.ts'
import { fileError, writeWhole } from '../../host/files/file-error.ts'
import { readWholeText } from '../../host/files/files.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { Report } from '../../report/report.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { type Session, STDERR } from '../globals.ts'
import { printReport } from '../print-report.ts'
import { UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'collect',
    description:
      'Ask hosts what they say of their CPUs, kernels, hypervisors and running guests: over ssh, of a libvirt, of a ' +
      'Kubernetes cluster, by the programs that are installed here. Nothing is installed there and nothing is changed. Each ' +
      'answer is a text that every command reads: without --output all of them go to stdout.',
    options: [
      { name: 'peer', value: 'host', positional: 'many', help: 'user@host, or a name that ssh knows' },
      { name: 'inventory', value: 'file', repeats: true, help: "hosts: Ansible's inventory, or one a line" },
      { name: 'script', help: 'print the shell script that is run on hosts, to run it by other means' },
      {
        name: 'output',
        value: 'dir',
        help: 'a file for each host; those that are there are not asked again',
      },
      { name: 'again', help: 'ask also hosts whose file is there' },
      { name: 'redact', help: 'replace names and UUIDs by pseudonyms, and leave out all that is not of use' },
      {
        name: 'report',
        value: 'file',
        repeats: true,
        help: 'a text that was gathered elsewhere, to be redacted',
      },
      { name: 'jobs', value: 'number', help: 'how many hosts to ask at once (16)' },
      { name: 'timeout', value: 'seconds', help: 'how long one host may take (120)' },
      { name: 'retries', value: 'number', help: 'how often to try again where a connection fails (2)' },
      { name: 'sudo', help: 'become root by `sudo -n` on the hosts: more is told then' },
      { name: 'no-guests', help: 'leave running guests out' },
      { name: 'ssh-config', value: 'file', help: "ssh's configuration instead of the user's own" },
      { name: 'kubectl', help: "nodes and virtual machines of kubectl's cluster" },
      {
        name: 'context',
        value: 'name',
        repeats: true,
        help: "with --kubectl: another of kubectl's contexts",
      },
      { name: 'virsh', value: 'uri', repeats: true, help: 'what the libvirt at a URI says, by virsh' },
      { name: 'json', help: 'what was gathered and what was not, as JSON' },
    ],
    example: 'virt-cpu collect --script > "$(mktemp)"',
    style: 'own',
  },

  async run(args, session) {
    if (args.has('script')) {
      session.out(collectScript())
      return 0
    }
    const folder = args.get('output')
    if (folder === undefined && args.has('json'))
      throw new UsageError('--json says what is in a folder: give --output DIR too')
    const limits = limitsOf(args)
    const targets = await targetsOf(args)
    const pseudonym = args.has('redact') ? pseudonyms(folder) : undefined
    const keeper = new Keeper(folder, pseudonym, args, session)
    for (const path of args.all('report')) keeper.keep(path, `${fileStem(path)}.txt`, readWholeText(path))
    return await collect(targets, limits, keeper, { args, session })
  },
}

interface Limits {
  readonly jobs: number
  readonly timeout: number
  readonly retries: number
}

function limitsOf(args: Arguments): Limits {
  const number = (name: string, usual: number, least: number, most: number) => {
    const text = args.get(name)
    if (text === undefined) return usual
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new UsageError(`--${name} takes a number from ${least} to ${most}, not '${text}'`)
  }
  return {
    jobs: number('jobs', 16, 1, 1000),
    timeout: number('timeout', 120, 1, 86_400) * 1000,
    retries: number('retries', 2, 0, 100),
  }
}

/** What is to be asked, each once. @throws UsageError, FileError, ParseError */
async function targetsOf(args: Arguments): Promise<Target[]> {
  const guests = !args.has('no-guests')
  if (args.has('context') && !args.has('kubectl')) throw new UsageError('--context is of --kubectl')
  const hosts: SshHost[] = args.all('peer').map(name => parseSshHost(name))
  for (const path of args.all('inventory')) hosts.push(...(await readInventory(readWholeText(path), path)))
  const options = { config: args.get('ssh-config'), sudo: args.has('sudo'), guests }
  const contexts = args.has('context') ? args.all('context') : [undefined]
  const targets = [
    ...new Map(hosts.map(host => [host.name, sshTarget(host, options)])).values(),
    ...args.all('virsh').map(uri => virshTarget(uri, guests)),
    ...(args.has('kubectl') ? contexts.map(context => kubectlTarget(context, guests)) : []),
  ]
  if (targets.length === 0 && !args.has('report'))
    throw new UsageError('whom? give hosts, --inventory, --virsh, --kubectl or --script')
  const files = new Map<string, Target>()
  for (const target of targets) {
    const other = files.get(target.file)
    if (other)
      throw new UsageError(
        `${other.name} and ${target.name} would be one file, ${target.file}: ask them apart`,
      )
    files.set(target.file, target)
  }
  return targets
}

const fileStem = (path: string): string => (path.split('/').at(-1) ?? path).replace(/\.\w+$/, '')

/** In the folder, so that what is gathered later has the same pseudonyms; a dot-file is never read as a host. */
const KEY_FILE = '.redaction-key'

/** Pseudonyms by a secret of their own: who has the answer cannot try names. */
function pseudonyms(folder: string | undefined): Pseudonym {
  const key = folder === undefined ? randomBytes(32) : keyIn(folder)
  return (kind, name) => {
    const digest = createHmac('sha256', key).update(`${kind} ${name}`).digest('hex')
    if (kind !== 'uuid') return `${kind}-${digest.slice(0, 10)}`
    return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
  }
}

function keyIn(folder: string): Buffer {
  const path = join(folder, KEY_FILE)
  try {
    mkdirSync(folder, { recursive: true })
    if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' })
    return readFileSync(path)
  } catch (error) {
    throw fileError('write', path, error)
  }
}

/** Keeps what was gathered: as a file each, or on stdout. */
class Keeper {
  readonly kept: string[] = []
  readonly #folder: string | undefined
  readonly #pseudonym: Pseudonym | undefined
  readonly #session: Session
  readonly #again: boolean

  constructor(
    folder: string | undefined,
    pseudonym: Pseudonym | undefined,
    args: Arguments,
    session: Session,
  ) {
    this.#folder = folder
    this.#pseudonym = pseudonym
    this.#session = session
    this.#again = args.has('again')
    if (folder !== undefined) makeFolder(folder)
  }

  /** Whether it need not be asked. */
  has({ file }: Target): boolean {
    const path = this.#pathOf(file)
    return path !== undefined && !this.#again && existsSync(path)
  }

  /** @throws FileError, ParseError for what cannot be redacted */
  keep(name: string, file: string, text: string): void {
    const kept = this.#pseudonym ? redact(text, this.#pseudonym, name) : text
    const path = this.#pathOf(file)
    if (path === undefined) this.#session.out(kept)
    else writeWhole(path, kept)
    this.kept.push(name)
  }

  #pathOf(file: string): string | undefined {
    if (this.#folder === undefined) return undefined
    const [, stem = file, ending = ''] = /^(.*)(\.\w+)$/.exec(file) ?? []
    return join(this.#folder, this.#pseudonym ? `${this.#pseudonym('host', stem)}${ending}` : file)
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw fileError('open', folder, error)
  }
}

interface Failure {
  readonly host: string
  readonly why: string
}

/** Asks what is not there yet, and says what came of it. Returns the exit status. */
async function collect(
  targets: readonly Target[],
  limits: Limits,
  keeper: Keeper,
  { args, session }: { readonly args: Arguments; readonly session: Session },
): Promise<number> {
  const there = targets.filter(target => keeper.has(target))
  const wanted = targets.filter(target => !there.includes(target))
  const [failed, partial]: [Failure[], Failure[]] = [[], []]
  const progress = new Progress(wanted.length)
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    await gather(wanted, {
      ...limits,
      signal: stop.signal,
      take: outcome => {
        const { name, file } = outcome.target
        const why = outcome.why ?? whyNotKept(() => keeper.keep(name, file, outcome.text))
        if (why !== undefined) failed.push({ host: name, why })
        else if (outcome.missing) partial.push({ host: name, why: outcome.missing })
        progress.show(keeper.kept.length, failed.length)
      },
    })
  } finally {
    progress.end()
    for (const name of SIGNALS) process.off(name, onSignal)
  }
  const order = new Map(targets.map(({ name }, i) => [name, i]))
  failed.sort((a, b) => (order.get(a.host) ?? 0) - (order.get(b.host) ?? 0))
  const answer = { collected: keeper.kept, there: there.map(({ name }) => name), failed, partial }
  const left = wanted.length - keeper.kept.length - failed.length
  if (args.has('output')) {
    const document = () => ({ schema: SCHEMA_VERSION, ...answer, interrupted: stop.signal.aborted })
    await printReport(args, session, document, () => reportOf(answer, args.get('output') ?? '', left))
  } else {
    for (const { host, why } of failed) session.err(`error: ${host}: ${why}\n`)
    for (const { host, why } of partial) session.err(`note: ${host} is there in part: ${why}\n`)
  }
  if (stop.signal.aborted) return 130
  if (failed.some(({ why }) => why.endsWith('is not installed'))) return 2
  return failed.length > 0 ? 1 : 0
}

/** Why an answer cannot be redacted; undefined: it is kept. @throws FileError */
function whyNotKept(keep: () => void): string | undefined {
  try {
    keep()
  } catch (error) {
    if (error instanceof ParseError) return error.message
    throw error
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

interface Collected {
  readonly collected: readonly string[]
  readonly there: readonly string[]
  readonly failed: readonly Failure[]
  /** What is kept, and what is missing of it. */
  readonly partial: readonly Failure[]
}

/** @param left how many were not asked to the end */
function reportOf({ collected, there, failed, partial }: Collected, folder: string, left: number): Report {
  const report = new Report()
  const count = collected.length + there.length + failed.length + Math.max(left, 0)
  report.heading(`${collected.length + there.length} of ${count} in ${folder}`)
  if (there.length > 0) report.line(`${there.length} were there already: --again asks them anew`)
  if (failed.length > 0) {
    report.subheading('failed')
    report.table(
      [{ title: 'host' }, { title: 'why', wraps: true }],
      failed.map(({ host, why }) => [host, why]),
    )
  }
  for (const { host, why } of partial) report.line(`${host} is there in part: ${why}`)
  if (left > 0) report.line(`interrupted: ${left} not asked to the end; the same command goes on`)
  return report
}

/** A bar on stderr while it lasts, on a terminal alone, after half a second. */
class Progress {
  readonly #count: number
  readonly #isShown = fstatSync(STDERR).isCharacterDevice()
  readonly #started = performance.now()
  #drawn = false

  constructor(count: number) {
    this.#count = count
  }

  show(done: number, failed: number): void {
    if (!this.#isShown || performance.now() - this.#started < 500) return
    const part = Math.round((20 * (done + failed)) / Math.max(this.#count, 1))
    const bar = `${'#'.repeat(part)}${'.'.repeat(20 - part)}`
    process.stderr.write(`\r[${bar}] ${done + failed} of ${this.#count}, ${failed} failed `)
    this.#drawn = true
  }

  end(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K')
  }
}
