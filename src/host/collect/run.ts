import { spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { LARGEST_TEXT } from '../../formats/read-chunks.ts'

/** A program and what it is given. */
export interface Program {
  readonly name: string
  readonly args: readonly string[]
  /** What it reads from standard input; absent: nothing. */
  readonly input?: string | undefined
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
export function runProgram(program: Program, timeout: number, signal: AbortSignal): Promise<Ended> {
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
