import { ParseError } from '../../core/parse-error.ts'
import { gather } from '../../host/collect/gather.ts'
import { Keeper, pseudonyms } from '../../host/collect/keep.ts'
import { NotTaken, type ReportServer, readToken, type Sent } from '../../host/collect/server.ts'
import {
  collectScript,
  kubectlTarget,
  localTarget,
  parseSshHost,
  readInventory,
  type SshHost,
  sshTarget,
  type Target,
  virshTarget,
} from '../../host/collect/targets.ts'
import { readWholeText } from '../../host/files/files.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { Report } from '../../report/report.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import type { Session } from '../globals.ts'
import { printReport } from '../print-report.ts'
import { ProgressBar } from '../progress.ts'
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
        value: 'file or URL',
        repeats: true,
        help: 'a text that was gathered elsewhere; a URL: the server to which each host is reported, this one where no other is given',
      },
      { name: 'token-file', value: 'file', help: 'the token for that server; else VIRT_CPU_TOKEN' },
      { name: 'pool', value: 'name', help: 'the pool of the hosts that are reported' },
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
    const server = serverOf(args)
    if (folder === undefined && !server && args.has('json'))
      throw new UsageError('--json says what is in a folder: give --output DIR too')
    const limits = limitsOf(args)
    const texts = args.all('report').filter(one => !isUrl(one))
    const targets = await targetsOf(args, { server, texts })
    const pseudonym = args.has('redact') ? pseudonyms(folder) : undefined
    const stop = new AbortController()
    const sender = server && { ...server, ...limits, signal: stop.signal }
    const keeper = new Keeper({
      ...{ folder, pseudonym, server: sender, again: args.has('again') },
      out: text => session.out(text),
    })
    const failed: Failure[] = []
    for (const path of texts) {
      const why = await whyNotTaken(keeper.keep(path, `${fileStem(path)}.txt`, readWholeText(path)))
      if (why !== undefined) failed.push({ host: path, why })
    }
    return await collect(targets, { ...limits, stop }, keeper, { args, session, failed })
  },
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text)

type Server = Pick<ReportServer, 'url' | 'token' | 'pool'>

/** The server that hosts are reported to. @throws UsageError, FileError */
function serverOf(args: Arguments): Server | undefined {
  const [url, ...more] = args.all('report').filter(isUrl)
  if (url === undefined) {
    const option = ['token-file', 'pool'].find(name => args.has(name))
    if (option !== undefined) throw new UsageError(`--${option} is of --report URL`)
    return undefined
  }
  if (more.length > 0) throw new UsageError('--report takes one server')
  if (!URL.canParse(url)) throw new UsageError(`--report takes an address, not '${url}'`)
  if (args.has('kubectl'))
    throw new UsageError('--kubectl gathers many hosts as one: --report takes them apart')
  return { url, token: readToken(args.get('token-file')), pool: args.get('pool') }
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
async function targetsOf(
  args: Arguments,
  { server, texts }: { readonly server: Server | undefined; readonly texts: readonly string[] },
): Promise<Target[]> {
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
  if (targets.length === 0 && texts.length === 0) {
    if (server) return [localTarget(guests)]
    throw new UsageError('whom? give hosts, --inventory, --virsh, --kubectl or --script')
  }
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

interface Failure {
  readonly host: string
  readonly why: string
}

/** Asks what is not there yet, and says what came of it. Returns the exit status. */
async function collect(
  targets: readonly Target[],
  limits: Limits & { readonly stop: AbortController },
  keeper: Keeper,
  { args, session, failed }: Asked,
): Promise<number> {
  const there = targets.filter(target => keeper.has(target))
  const wanted = targets.filter(target => !there.includes(target))
  const partial: Failure[] = []
  const progress = new ProgressBar(wanted.length)
  const { signal } = limits.stop
  const onSignal = () => limits.stop.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    await gather(wanted, {
      ...limits,
      signal,
      take: async outcome => {
        const { name, file } = outcome.target
        const why = outcome.why ?? (await whyNotKept(keeper.keep(name, file, outcome.text)))
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
  failed.sort((a, b) => (order.get(a.host) ?? -1) - (order.get(b.host) ?? -1))
  const reported = args.all('report').some(isUrl) && { reported: keeper.sent }
  const answer = {
    collected: keeper.kept,
    ...reported,
    there: there.map(({ name }) => name),
    failed,
    partial,
  }
  await say(answer, { args, session, isInterrupted: signal.aborted, count: wanted.length })
  if (signal.aborted) return 130
  if (failed.some(({ why }) => why.endsWith('is not installed'))) return 2
  return failed.length > 0 ? 1 : 0
}

/** What a run was asked for, and what has failed before hosts are asked. */
interface Asked {
  readonly args: Arguments
  readonly session: Session
  readonly failed: Failure[]
}

/** What was asked of how many hosts. */
interface Run extends Omit<Asked, 'failed'> {
  readonly isInterrupted: boolean
  readonly count: number
}

/** Prints what came of it: as a report where it has gone to a folder or a server, else only what went wrong. */
async function say(answer: Collected, { args, session, isInterrupted, count }: Run): Promise<void> {
  const { failed, partial } = answer
  const places = [
    ...(args.has('output') ? [`in ${args.get('output')}`] : []),
    ...args.all('report').flatMap(one => (isUrl(one) ? `at ${one}` : [])),
  ]
  if (places.length > 0) {
    const left = count - answer.collected.length - failed.length
    const document = () => ({ schema: SCHEMA_VERSION, ...answer, interrupted: isInterrupted })
    await printReport(args, session, document, () => reportOf(answer, places.join(' and '), left))
    return
  }
  for (const { host, why } of failed) session.err(`error: ${host}: ${why}\n`)
  for (const { host, why } of partial) session.err(`note: ${host} is there in part: ${why}\n`)
}

/** Why a server does not take a text; undefined: it does. */
async function whyNotTaken(kept: Promise<void>): Promise<string | undefined> {
  try {
    await kept
    return undefined
  } catch (error) {
    if (error instanceof NotTaken) return error.message
    throw error
  }
}

/** Why an answer cannot be redacted or is not taken; undefined: it is kept. @throws FileError */
async function whyNotKept(kept: Promise<void>): Promise<string | undefined> {
  try {
    return await whyNotTaken(kept)
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
  /** What the server made of each; absent: there is no server. */
  readonly reported?: readonly Sent[]
}

/** What a server made of reports. */
const STATES = [
  ['new', 'new'],
  ['changed', 'changed'],
  ['same', 'as before'],
] as const

/** @param left how many were not asked to the end */
function reportOf(answer: Collected, places: string, left: number): Report {
  const { collected, there, failed, partial, reported = [] } = answer
  const report = new Report()
  const count = collected.length + there.length + failed.length + Math.max(left, 0)
  report.heading(`${collected.length + there.length} of ${count} ${places}`)
  const states = STATES.flatMap(([state, words]) => {
    const number = reported.filter(one => one.state === state).length
    return number > 0 ? `${number} ${words}` : []
  })
  if (states.length > 0) report.line(`the server has ${states.join(', ')}`)
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
