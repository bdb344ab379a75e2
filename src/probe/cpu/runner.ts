import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, wordOf } from '../../node/file-error.ts'
import { executable, REQUEST_SIZE } from './program.ts'
import { Answer, type Request } from './requests.ts'
import { RouteError } from './route-error.ts'

/** No machine takes this long for what is asked in one go. */
const TIMEOUT = 10_000

/** The program in a file that only this user can see. */
export class Runner {
  readonly #directory: string
  readonly #path: string

  private constructor(directory: string, path: string) {
    this.#directory = directory
    this.#path = path
  }

  /**
   * Puts the program where it can be run. Tries one directory after the other, since some are mounted so that nothing
   * in them may be executed. The caller removes it.
   * @throws RouteError where there is none
   */
  static start(): Runner {
    const refusals: string[] = []
    for (const directory of directories()) {
      try {
        return Runner.#startIn(directory)
      } catch (error) {
        const code = codeOf(error)
        if (code === '') throw error
        refusals.push(`${directory}: ${wordOf(code)}`)
      }
    }
    throw new RouteError(`no temporary file can be executed (${refusals.join('; ')})`)
  }

  static #startIn(directory: string): Runner {
    const own = mkdtempSync(join(directory, 'virt-cpu-'))
    const runner = new Runner(own, join(own, 'cpuid'))
    try {
      writeFileSync(runner.#path, executable(), { mode: 0o700 })
      runner.run([])
      return runner
    } catch (error) {
      runner.remove()
      throw error
    }
  }

  /** Has the requests answered, in order. @throws RouteError where not all are */
  run(requests: readonly Request[]): Answer[] {
    const { error, signal, stdout } = spawnSync(this.#path, {
      input: Buffer.concat(requests),
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
      maxBuffer: (requests.length + 1) * REQUEST_SIZE,
      timeout: TIMEOUT,
    })
    if (error && codeOf(error) === 'ETIMEDOUT') throw new RouteError('the program does not end')
    if (error && codeOf(error) !== 'EPIPE') throw error
    const answered = stdout.length / REQUEST_SIZE
    if (answered !== requests.length)
      throw new RouteError(`the program ended${signal ? ` by ${signal}` : ''} after ${answered} requests`)
    return requests.map((_, i) => new Answer(stdout.subarray(i * REQUEST_SIZE, (i + 1) * REQUEST_SIZE)))
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** Where a program may be put: what is meant for temporary files first. */
function directories(): string[] {
  const { XDG_RUNTIME_DIR = '', XDG_CACHE_HOME = '', HOME = '' } = process.env
  const wanted = [tmpdir(), XDG_RUNTIME_DIR, '/dev/shm', '/var/tmp', XDG_CACHE_HOME, HOME]
  return [...new Set(wanted.filter(path => path !== ''))]
}
