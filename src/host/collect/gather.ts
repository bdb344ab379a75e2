import { spawn } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as pause } from 'node:timers/promises'
import { LARGEST_TEXT } from '../../formats/read-chunks.ts'
import { NO_ITEM, type Program, type Target } from './targets.ts'

/** What came of a target: its text, with what is missing in it, or why there is none. */
type Outcome = { readonly target: Target } & (
  | { readonly text: string; readonly why?: undefined; readonly missing?: string | undefined }
  | { readonly why: string; readonly text?: undefined; readonly missing?: undefined }
)

export interface GatherOptions {
  /** How many at once. */
  readonly jobs: number
  /** How long one program may take, in ms. */
  readonly timeout: number
  /** How often more a target is tried that could not be reached, or whose answer was cut. */
  readonly retries: number
  readonly signal: AbortSignal
  /** Takes each outcome as soon as it is there. @throws what ends everything */
  readonly take: (outcome: Outcome) => void | Promise<void>
}

/**
 * Asks every target, a few at once. Each is told of once, whatever became of it; after `signal` only what had ended.
 * @throws what `take` throws, when nothing runs any more
 */
export async function gather(targets: readonly Target[], options: GatherOptions): Promise<void> {
  const { jobs, signal } = options
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  setMaxListeners(0, either)
  const waiting = [...targets]
  const faults: unknown[] = []
  const work = async () => {
    for (let target = waiting.shift(); target && !either.aborted; target = waiting.shift()) {
      try {
        const outcome = await ask(target, { ...options, signal: either })
        if (!either.aborted) await options.take(outcome)
      } catch (error) {
        faults.push(error)
        stop.abort()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, targets.length) }, work))
  if (faults.length > 0) throw faults[0]
}

/** Between two tries, in ms, more each time. */
const PAUSE = 1000

async function ask(target: Target, options: GatherOptions): Promise<Outcome> {
  const { retries, signal } = options
  for (let tries = 0; ; tries++) {
    const answer = await askOnce(target, options)
    if (answer.text !== undefined) return { target, text: answer.text, missing: answer.why || undefined }
    if (tries >= retries || !answer.mayPass || signal.aborted) return { target, why: answer.why }
    await pause(PAUSE * (tries + 1), undefined, { signal }).catch(() => {})
  }
}

interface Answer {
  readonly text?: string | undefined
  /** Why there is no text, or what one that is there lacks; empty: nothing. */
  readonly why: string
  readonly mayPass: boolean
}

/** The first of its programs that answers, with what the one before said where that is a loss. */
async function askOnce(target: Target, { timeout, signal }: GatherOptions): Promise<Answer> {
  let last: Answer = { why: '', mayPass: false }
  for (const program of target.programs) {
    const { why } = last
    last = await answerOf(target, program, timeout, signal)
    if (last.text !== undefined && why !== '' && !target.expected?.test(why)) return { ...last, why }
    if (last.text !== undefined || last.mayPass) break
  }
  return last
}

async function answerOf(
  { kept, mayPass }: Target,
  program: Program,
  timeout: number,
  signal: AbortSignal,
): Promise<Answer> {
  const { stdout, stderr, status, stopped } = await runProgram(program, timeout, signal)
  if (stopped) return { why: STOPPED[stopped](program.name, timeout), mayPass: false }
  const text = kept(stdout, status)
  if (text !== undefined) return { text, why: '', mayPass: false }
  return { why: reasonOf(status, stdout, stderr), mayPass: mayPass(status) }
}

/**
 * Why a program that has ended gave nothing to keep, in its own words where it has some. What a shell's start-up
 * files say on the error stream does not hide what the program itself printed.
 */
function reasonOf(status: number | undefined, stdout: string, stderr: string): string {
  const isReport = /^\[virt-cpu-collect\]/m.test(stdout)
  const isList = /^\s*\{\s*"apiVersion"/.test(stdout)
  if (status !== 0) {
    const error = lastLine(stderr)
    const printed =
      (stdout.trim() !== '' && !isReport && !isList) || error === ''
        ? `status ${status}: ${quoted(stdout)}`
        : ''
    return [printed, error].filter(Boolean).join('; ')
  }
  if (NO_ITEM.test(stdout)) return 'the cluster has no node that is shown'
  if (!isReport) return `no report: ${quoted(stdout)}`
  if (!/^\[end\] \d/m.test(stdout)) return 'its report is cut'
  const errors = [...stdout.matchAll(/^!(.*)$/gm)].map(([, words = '']) => words)
  return errors.at(-1) ?? 'its report says nothing'
}

const STOPPED = {
  'not installed': (name: string) => `${name} is not installed`,
  timeout: (_: string, timeout: number) => `no answer within ${timeout / 1000} s`,
  'too long': (name: string) => `${name} prints without end`,
  signal: () => 'interrupted',
} as const

/** A program's last words. */
const lastLine = (text: string): string =>
  (text.split('\n').findLast(line => line.trim() !== '') ?? '').trim().slice(0, 300)

const quoted = (text: string): string => {
  const first = text.trim().split('\n')[0] ?? ''
  return first === '' ? 'nothing was printed' : JSON.stringify(first.slice(0, 80))
}

/** What became of a program. */
interface Ended {
  readonly stdout: string
  readonly stderr: string
  /** Its exit status; absent: it did not end by itself. */
  readonly status?: number | undefined
  /** Why it did not run to its end; absent: it did. */
  readonly stopped?: 'not installed' | 'timeout' | 'too long' | 'signal' | undefined
}

/** What a program prints on stderr is kept up to here. */
const LONGEST_WORDS = 16 * 2 ** 10

/** How long a program that was told to end may take for it, in ms. */
const GRACE = 2000

/**
 * Runs a program in a process group of its own, which is ended as a whole: when the time is up, when it prints more
 * than any text that is read, or when `signal` says so.
 * @param timeout in ms
 */
function runProgram(program: Program, timeout: number, signal: AbortSignal): Promise<Ended> {
  const { name, args, input = '' } = program
  return new Promise(resolve => {
    const child = spawn(name, args, { stdio: 'pipe', detached: true })
    const [out, err] = [new StringDecoder('utf8'), new StringDecoder('utf8')]
    const texts = { stdout: '', stderr: '' }
    let stopped: Ended['stopped']
    let killer: NodeJS.Timeout | undefined
    const stop = (why: Ended['stopped']) => {
      if (stopped) return
      stopped = why
      killGroup(child.pid, 'SIGTERM')
      // A program that has left its pipes to another is not waited for.
      killer = setTimeout(() => {
        killGroup(child.pid, 'SIGKILL')
        child.stdout.destroy()
        child.stderr.destroy()
      }, GRACE)
    }
    const timer = setTimeout(() => stop('timeout'), timeout)
    const onAbort = () => stop('signal')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const end = (status?: number | null, gone?: Ended['stopped']) => {
      clearTimeout(timer)
      clearTimeout(killer)
      signal.removeEventListener('abort', onAbort)
      resolve({ ...texts, stopped: gone ?? stopped, ...(stopped || gone ? {} : { status: status ?? 255 }) })
    }
    child.stdout.on('data', (bytes: Buffer) => {
      texts.stdout += out.write(bytes)
      if (texts.stdout.length > LARGEST_TEXT) stop('too long')
    })
    child.stderr.on('data', (bytes: Buffer) => {
      texts.stderr = (texts.stderr + err.write(bytes)).slice(0, LONGEST_WORDS)
    })
    child.on('error', () => end(undefined, 'not installed'))
    child.on('close', status => end(status))
    child.stdin.on('error', () => {}) // the program is gone: `close` says so
    child.stdin.end(input)
  })
}

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
