import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRegisters } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import { isCpuidRecords, parseCpuidRecords } from '../../formats/dumps/cpuid-r.ts'
import type { Dump } from '../../formats/dumps/dump.ts'
import { parseLoaderDiagnostics } from '../../formats/dumps/ld-so.ts'
import { parseProcCpuinfo } from '../../formats/dumps/proc-cpuinfo.ts'
import type { Route } from '../../formats/host/host-facts.ts'
import { readCpuidDevice } from '../files/cpuid-device.ts'
import { codeOf, wordOf } from '../files/file-error.ts'
import { readWhole } from '../files/files.ts'
import { type RunRequests, requestCpuid, requestMoveToCpu } from './requests.ts'
import { type LinuxSystem, RouteError } from './system.ts'

/** One execution of CPUID. */
type CpuidLocation = readonly [leaf: U32, subleaf: U32]

/** Has each CPU asked, and answers in the order of its questions; undefined for a CPU that cannot be asked. */
export type AskAll = (
  wanted: ReadonlyMap<number, readonly CpuidLocation[]>,
) => ReadonlyMap<number, readonly CpuidRegisters[] | undefined>

/**
 * The rows of each CPU where asking is dear and many questions cost little more than one: the CPUs are walked over
 * what is known, what was missing is asked for in one go, and they are walked again until nothing is.
 * A CPU that cannot be asked is left out.
 */
export function walkInRounds(cpus: readonly number[], ask: AskAll): Map<number, Cpuid> {
  const known = new Map(cpus.map(cpu => [cpu, new KnownRows()]))
  let wanted: ReadonlyMap<number, readonly CpuidLocation[]> = new Map(cpus.map(cpu => [cpu, LIKELY]))
  while (wanted.size > 0) {
    for (const [cpu, answers] of ask(wanted)) {
      if (answers) known.get(cpu)?.learn(wanted.get(cpu) ?? [], answers)
      else known.delete(cpu)
    }
    const missing = [...known].map(([cpu, words]) => [cpu, words.walk()] as const)
    wanted = new Map(missing.filter(([, questions]) => questions.length > 0))
  }
  return new Map([...known].map(([cpu, { data }]) => [cpu, data]))
}

/** What one CPU has answered so far. */
class KnownRows {
  /** As far as they are known. */
  data = Cpuid.empty
  readonly #words = new Map<string, CpuidRegisters>()

  learn(questions: readonly CpuidLocation[], answers: readonly CpuidRegisters[]): void {
    for (const [i, question] of questions.entries()) this.#words.set(String(question), answers[i] ?? NOTHING)
  }

  /** Questions that are open. */
  walk(): CpuidLocation[] {
    const missing = new Map<string, CpuidLocation>()
    this.data = walkLeaves((...question) => {
      const registers = this.#words.get(String(question))
      if (!registers) missing.set(String(question), question)
      return registers ?? NOTHING
    })
    return [...missing.values()]
  }
}

const NOTHING: CpuidRegisters = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

/** What most CPUs of the last ten years have: it saves rounds, and costs little where it is in vain. */
const LIKELY: readonly CpuidLocation[] = [
  ...range(0, 0x21).map(leaf => [leaf, 0] as const),
  ...[4, 0x8000_001d].flatMap(leaf => range(1, 4).map(subleaf => [leaf, subleaf] as const)),
  ...[7, 0xb, 0x1f].flatMap(leaf => range(1, 2).map(subleaf => [leaf, subleaf] as const)),
  ...[1, 2, 5, 6, 7, 9, 0xb, 0xc].map(subleaf => [0xd, subleaf] as const),
  ...range(0x4000_0000, 2).map(leaf => [leaf, 0] as const),
  ...range(0x8000_0000, 0x22).map(leaf => [leaf, 0] as const),
  [0xc000_0000, 0],
]

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** Where glibc's dynamic loader is on x86, by its ABI or by where distributions without these folders keep it. */
const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
  '/usr/bin/ld.so',
  '/run/current-system/sw/bin/ld.so',
  '/lib/ld-linux.so.2',
]
/** How long the loader may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** What the dynamic loader tells of the CPUs. @throws RouteError where there is none, or an old one (before glibc 2.33) */
function readByLoader(): Dump[] {
  const loader = LOADERS.find(path => existsSync(path))
  if (loader === undefined) throw new RouteError('no dynamic loader of glibc')
  const { stdout, error, status } = spawnSync(loader, ['--list-diagnostics'], {
    encoding: 'utf8',
    env: {},
    timeout: TIMEOUT,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 26,
  })
  if (error) throw new RouteError(`${loader}: ${wordOf(codeOf(error))}`)
  const dumps = status === 0 ? parseLoaderDiagnostics(stdout) : []
  if (dumps.length === 0) throw new RouteError(`${loader} is of a glibc before 2.33`)
  return dumps
}

/** A way to read the CPUs of a system. */
interface RouteReader {
  readonly route: Route
  /** What is tried, for people. */
  readonly tries: string
  /** Each CPU labelled with its number. @throws RouteError, FileError where this way is not there */
  readonly read: (system: LinuxSystem, run: RunRequests) => Dump[]
}

/** The best first: they see more than those after them. */
export const ROUTES: readonly RouteReader[] = [
  {
    route: 'instruction',
    tries: 'executing CPUID',
    read: ({ online }, run) => Array.from(readByInstruction(online, run), makeDump),
  },
  {
    route: 'device',
    tries: '/dev/cpu/N/cpuid',
    read: system =>
      system.online.flatMap(cpu => {
        const path = system.path('dev/cpu', String(cpu), 'cpuid')
        return system.isHere ? makeDump([cpu, readCpuidDevice(path)]) : readRecorded(path, cpu)
      }),
  },
  {
    route: 'loader',
    tries: 'ld.so --list-diagnostics',
    read: system => {
      system.requireHere()
      return numberDumps(readByLoader(), system)
    },
  },
  {
    route: 'cpuinfo',
    tries: '/proc/cpuinfo',
    read: system => numberDumps(parseProcCpuinfo(system.read('proc/cpuinfo')), system),
  },
]

const makeDump = ([cpu, data]: readonly [number, Cpuid]): Dump => ({
  label: String(cpu),
  data,
  notes: [],
})

/** What was copied of a device. */
function readRecorded(path: string, cpu: number): Dump[] {
  const bytes = readWhole(path, MOST_RECORDED) ?? NO_BYTES
  if (!isCpuidRecords(bytes)) throw new RouteError('not copied from such a device')
  return [makeDump([cpu, parseCpuidRecords(bytes)])]
}

const MOST_RECORDED = 2 ** 20
const NO_BYTES = new Uint8Array(0)

/** The label's number for a label; what tells of one CPU without saying which is of the first. */
const numberDumps = (dumps: readonly Dump[], { online }: LinuxSystem): Dump[] =>
  dumps.map((dump, i) => ({ ...dump, label: /\d+/.exec(dump.label)?.[0] ?? String(online[i] ?? i) }))

/**
 * The rows of each CPU by the instruction itself, executed on that CPU. Left out are those where this process may
 * not run.
 * @throws RouteError
 */
export const readByInstruction = (cpus: readonly number[], run: RunRequests): Map<number, Cpuid> =>
  walkInRounds(cpus, makeAskAll(run))

const makeAskAll =
  (run: RunRequests): AskAll =>
  wanted => {
    const requests = [...wanted].flatMap(([cpu, questions]) => [
      requestMoveToCpu(cpu),
      ...questions.map(([leaf, subleaf]) => requestCpuid(leaf, subleaf)),
    ])
    const answers = run(requests)
    let at = 0
    const found = [...wanted].map(([cpu, questions]) => {
      const [move, ...own] = answers.slice(at, at + 1 + questions.length)
      at += 1 + questions.length
      return [cpu, move?.result === 0 ? own.map(answer => answer.registers) : undefined] as const
    })
    return new Map(found)
  }
