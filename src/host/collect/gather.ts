import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Program } from './run.ts'
import { runProgram } from './run.ts'
import { NO_ITEM, type Target } from './targets.ts'

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
  readonly take: (outcome: Outcome) => void
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
        if (!either.aborted) options.take(outcome)
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
