import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CpuMap } from '../src/map/cpu-map.ts'
import { dumpRows } from './dumps.ts'
import { hostDocuments } from './fleet.ts'
import { inProcess } from './in-process.ts'
import { type Command, type Cost, ENV, inTurn, isInstalled, once } from './measure.ts'

// What is measured: whole processes, in turn with what they are compared with, and single questions in one process. All
// in one run on one machine: quote ratios.
//   npm run bench                                 everything: five minutes at rest
//   npm run bench -- --quick                      without what takes long
//   npm run bench -- --only start-up,baseline     some sections: start-up, calls, baseline, fleet, qemu
//   npm run bench -- --against COMMIT             beside that commit too; `0.1.0` is the last one before what is unreleased
//   npm run bench -- --json docs/images/bench.json   the figures, from which bench/plots.ts draws
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    json: { type: 'string' },
  },
})
const { quick } = options
const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-bench-'))
// What V8 compiled and QEMU answered is kept here.
ENV.XDG_CACHE_HOME = folder

/** A figure: what a whole process takes, or the microseconds of a call. */
interface Row extends Partial<Cost> {
  readonly section: string
  readonly what: string
  /** The number of hosts. */
  readonly n?: number
  readonly program: string
  readonly us?: number
}
const rows: Row[] = []

/** The columns: processor time of each in ms, ratios of ours to theirs, and of ours the time on the clock and the memory. */
const PROGRAMS = ['virt-cpu', 'binary', 'Node', 'virsh', 'QEMU', 'before'] as const
const RATIOS = ['virsh', 'before'] as const
const HEAD = [...PROGRAMS, ...RATIOS.map(name => `/${name}`), 'clock', 'MB']

const line = (section: string, what: string, cells: readonly string[]): void =>
  console.log(section.padEnd(11) + what.padEnd(34) + cells.map(cell => cell.padStart(9)).join(''))

type Programs = Partial<Record<(typeof PROGRAMS)[number], Command | undefined>>

/** Measures programs in turn, and prints a line of them. */
function measure(section: string, what: string, programs: Programs, runs: number, n?: number): void {
  const given = PROGRAMS.flatMap(name => {
    const command = programs[name]
    return command && (name !== 'before' || canRun(command)) ? [{ name, command }] : []
  })
  const costs = inTurn(
    given.map(({ command }) => command),
    runs,
  )
  given.forEach(({ name }, i) => {
    rows.push({ section, what, ...(n && { n }), program: name, ...costs[i] })
  })
  const costOf = (name: string) => costs[given.findIndex(one => one.name === name)]
  const ours = costOf('virt-cpu')
  const ratio = (its: Cost | undefined) => (ours && its ? (ours.cpu / its.cpu).toFixed(2) : '')
  line(section, what, [
    ...PROGRAMS.map(name => costOf(name)?.cpu.toFixed(0) ?? ''),
    ...RATIOS.map(name => ratio(costOf(name))),
    ours?.ms.toFixed(0) ?? '',
    ours?.mb?.toFixed(0) ?? '',
  ])
}

/** Whether an older version has the command, and takes what it is given. */
function canRun(command: Command): boolean {
  try {
    once(command)
    return true
  } catch {
    return false
  }
}

const CLI = 'dist/cli.cjs'
const BINARY = 'dist-binary/virt-cpu-linux-x64'
const hasVirsh = isInstalled('virsh')
const before = options.against === undefined ? undefined : buildOf(options.against)
const node = (...args: string[]): Command => ({ command: process.execPath, args })
const bare = node('-e', '0')
const virsh = (...args: string[]): Command | undefined =>
  hasVirsh ? { command: 'virsh', args: ['-c', 'test:///default', ...args], no: 1 } : undefined

/** A command of ours in all its forms. @param no whether its answer may be no */
const ours = (args: readonly string[], no = 0): Programs => ({
  'virt-cpu': { ...node(CLI, ...args), no },
  binary: existsSync(BINARY) ? { command: BINARY, args, no } : undefined,
  // The status of a command that is not known is the same.
  before: before === undefined ? undefined : { ...node(before, ...args), no: args[0] === 'audit' ? 0 : no },
})

/** The command as another commit builds it. */
function buildOf(commit: string): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
  const log = ['log', '--format=%h', '-S## Unreleased', '--', 'CHANGELOG.md']
  const found =
    commit === '0.1.0'
      ? `${git(...log)
          .split('\n')
          .at(-1)}^`
      : commit
  const tree = join(folder, 'before')
  git('worktree', 'add', '--detach', tree, found)
  symlinkSync(join(process.cwd(), 'node_modules'), join(tree, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: tree })
  return join(tree, CLI)
}

function startUp(): void {
  const two = write('two.xml', hostDocuments(2))
  const one = write('one.xml', hostDocuments(1))
  const start = (args: string[], { theirs, no }: { theirs?: Command | undefined; no?: number } = {}) => {
    const what = args.map(arg => arg.replace(`${folder}/`, '')).join(' ')
    measure('start-up', what, { ...ours(args, no), Node: bare, virsh: theirs }, quick ? 11 : 21)
  }
  start(['--version'], { theirs: virsh('--version') })
  for (const args of [
    ['cpu-models', 'x86_64'],
    ['cpu-baseline', two],
  ])
    start(args, { theirs: virsh(...args) })
  start(['cpu-compare', one, '--host', two], { no: 1 })
  start(['cpu-compare', one], { theirs: virsh('cpu-compare', one), no: 1 })
  for (const command of ['hosts', 'explain', 'pools', 'advise', 'migrate']) start([command, two])
  start(['audit', two], { no: 1 })
  start(['name', 'avx2'])
}

function calls(): void {
  inProcess((what, cold, warm) => {
    rows.push({ section: 'calls', what, program: 'cold', us: cold })
    rows.push({ section: 'calls', what, program: 'warm', us: warm })
    line('calls', what, [`${warm.toFixed(1)} µs`, '  cold:', cold.toFixed(1)])
  })
  const dumps = dumpRows(CpuMap.builtIn().of('x86'))
  const requests = Array.from({ length: 10_000 }, (_, id) => {
    const data = dumps[id % dumps.length]
    return JSON.stringify({ id, verb: 'decode', cpuid: data?.rows(), msr: data?.msrs() })
  })
  batch('10000 decodes, lines of JSON', requests.join('\n'))
}

function batch(what: string, input: string): void {
  const { 'virt-cpu': mine, before: its } = ours(['batch'])
  measure('batch', what, { 'virt-cpu': mine && { ...mine, input }, before: its && { ...its, input } }, 3)
}

function baselines(): void {
  for (const n of quick ? [2, 10, 100, 1000] : [2, 10, 100, 1000, 5000, 100_000, 1_000_000]) {
    const args = ['cpu-baseline', write('hosts.xml', repeated(n))]
    // virsh refuses a file of more than 10 MiB, and what is unreleased alone reads a million in seconds.
    const theirs = n > 5000 ? undefined : virsh(...args)
    const { before: its, ...programs } = ours(args)
    const all = { ...programs, virsh: theirs, before: n > 100_000 ? undefined : its }
    measure('baseline', `${n} hosts`, all, n > 100_000 ? 1 : n > 1000 ? 3 : 11, n)
  }
  if (quick) return
  const many = (what: string, documents: Iterable<string>) =>
    measure('baseline', what, ours(['cpu-baseline', write('hosts.xml', documents)]), 3)
  many('100000 hosts, no two alike', hostDocuments(100_000))
  many('100000 hosts as capabilities', asCapabilities(100_000))
  batch('10000 hosts in a line of JSON', JSON.stringify({ verb: 'baseline', cpus: [...repeated(10_000)] }))
}

function fleets(): void {
  for (const n of quick ? [100, 1000] : [100, 1000, 10_000, 100_000]) {
    const file = write('fleet.xml', asCapabilities(n))
    for (const command of ['hosts', 'explain', 'pools', 'advise', 'migrate', 'audit']) {
      const mine = { ...node(CLI, command, file, '--json'), no: 1 }
      measure('fleet', `${command}, ${n} hosts`, { 'virt-cpu': mine }, n > 1000 ? 1 : 3, n)
    }
  }
}

/** Asking a QEMU: we ask it all that a guest's CPU depends on, and remember the answers. */
function qemu(): void {
  const emulator = 'qemu-system-x86_64'
  if (!isInstalled(emulator)) return
  const later = node(CLI, 'domcapabilities')
  const forget = ['-c', 'rm -rf "$1"; shift; exec "$@"', 'sh', join(folder, 'virt-cpu', 'qemu')]
  const first = { command: 'sh', args: [...forget, later.command, ...later.args] }
  const others = { Node: bare, QEMU: { command: emulator, args: ['-cpu', 'help'] } }
  measure('qemu', 'domcapabilities, first', { 'virt-cpu': first, ...others }, 3)
  measure('qemu', 'domcapabilities, later', { 'virt-cpu': later, ...others }, 7)
}

/** Definitions of at most 300 CPUs. */
function* repeated(n: number): Iterable<string> {
  const documents = [...hostDocuments(Math.min(n, 300))]
  for (let i = 0; i < n; i++) yield documents[i % documents.length] ?? ''
}

/** As `virsh capabilities` prints hosts of 300 CPUs, each with an identifier of its own. */
function* asCapabilities(n: number): Iterable<string> {
  let i = 0
  for (const document of repeated(n)) {
    const uuid = `${String(i++).padStart(8, '0')}-1111-2222-3333-444444444444`
    const cpu = document.trimEnd().replaceAll('\n', '\n    ')
    yield `<capabilities>\n\n  <host>\n    <uuid>${uuid}</uuid>\n    ${cpu}\n    <power_management/>\n  </host>\n\n</capabilities>\n\n`
  }
}

function write(name: string, documents: Iterable<string>): string {
  const file = join(folder, name)
  writeFileSync(file, '')
  let chunk = ''
  const flush = () => {
    writeFileSync(file, chunk, { flag: 'a' })
    chunk = ''
  }
  for (const document of documents) {
    chunk += document
    if (chunk.length > 1 << 24) flush()
  }
  flush()
  return file
}

const SECTIONS = { 'start-up': startUp, calls, baseline: baselines, fleet: fleets, qemu }
try {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const [load = 0] = loadavg()
  console.log(`virt-cpu ${version}, Node ${process.version}, load ${load.toFixed(1)}; processor time in ms`)
  line('', '', HEAD)
  for (const [name, run] of Object.entries(SECTIONS)) {
    if (options.only === undefined || options.only.split(',').includes(name)) run()
  }
  const { against } = options
  const figures = { version, node: process.version, load, against, rows }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures)}\n`)
} finally {
  if (before) execFileSync('git', ['worktree', 'remove', '--force', join(folder, 'before')])
  rmSync(folder, { recursive: true, force: true })
}
