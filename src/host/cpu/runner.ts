import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, wordOf } from '../files/file-error.ts'
import { makeExecutable, REQUEST_SIZE } from './program.ts'
import { ProgramReply, type ProgramRequest } from './requests.ts'
import { RouteError } from './route-error.ts'

/** How long one run of the program may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** Runs the program, from a file that only this user can see. */
export class ProgramRunner {
  readonly #parents: readonly string[]
  #directory: string | undefined

  /** @param parents where to put the program, the best first */
  constructor(parents = listTemporaryDirectories()) {
    this.#parents = parents
  }

  /**
   * Has the requests answered, in order, by one run of the program. The first run puts it into a file, which is for
   * the caller to `remove`: tries one directory after the other, since some are mounted so that nothing in them may be
   * executed.
   * @throws RouteError where it cannot be run, or does not answer all
   */
  run(requests: readonly ProgramRequest[]): ProgramReply[] {
    if (this.#directory !== undefined) return runIn(this.#directory, requests)
    const refusals: string[] = []
    for (const parent of this.#parents) {
      try {
        this.#directory = mkdtempSync(join(parent, 'virt-cpu-'))
        writeFileSync(join(this.#directory, NAME), makeExecutable(), { mode: 0o700 })
        return runIn(this.#directory, requests)
      } catch (error) {
        this.remove()
        const code = codeOf(error)
        if (code === '') throw error
        refusals.push(`${parent}: ${wordOf(code)}`)
      }
    }
    throw new RouteError(`no temporary file can be executed (${refusals.join('; ')})`)
  }

  remove(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true })
    this.#directory = undefined
  }
}

/** Where a program may be put: what is meant for temporary files first. */
function listTemporaryDirectories(): string[] {
  const { XDG_RUNTIME_DIR = '', XDG_CACHE_HOME = '', HOME = '' } = process.env
  const wanted = [tmpdir(), XDG_RUNTIME_DIR, '/dev/shm', '/var/tmp', XDG_CACHE_HOME, HOME]
  return [...new Set(wanted.filter(path => path !== ''))]
}

const NAME = 'cpuid'

function runIn(directory: string, requests: readonly ProgramRequest[]): ProgramReply[] {
  const { error, signal, stdout } = spawnSync(join(directory, NAME), {
    input: Buffer.concat(requests),
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    maxBuffer: (requests.length + 1) * REQUEST_SIZE,
    timeout: TIMEOUT,
  })
  const code = codeOf(error)
  if (code === 'ETIMEDOUT') throw new RouteError('the program does not end')
  if (error && code !== 'EPIPE') throw error
  const answered = stdout.length / REQUEST_SIZE
  if (answered !== requests.length)
    throw new RouteError(`the program ended${signal ? ` by ${signal}` : ''} after ${answered} requests`)
  return requests.map((_, i) => new ProgramReply(stdout.subarray(i * REQUEST_SIZE, (i + 1) * REQUEST_SIZE)))
}
