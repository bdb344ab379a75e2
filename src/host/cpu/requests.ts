import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { U32 } from '../../core/bits.ts'
import type { CpuidRegisters } from '../../core/cpuid.ts'
import { codeOf, wordOf } from '../files/file-error.ts'
import { DATA_ADDRESS, EXECUTE_CPUID, MOVE_TO_CPU, makeExecutable, REQUEST_SIZE } from './program.ts'
import { RouteError } from './system.ts'

/** What the program is asked to do: see `program.ts`. */
export type ProgramRequest = Buffer

const DATA = 32

export const requestCpuid = (leaf: U32, subleaf: U32): ProgramRequest =>
  makeRequest(EXECUTE_CPUID, [leaf, subleaf])

/** What is asked after this is answered by that CPU; negative where the process may not run there. */
export const requestMoveToCpu = (cpu: number): ProgramRequest => makeRequest(MOVE_TO_CPU, [cpu])

/** @see openat(2): a descriptor, or a negative error number */
export const requestOpen = (path: string, flags: number): ProgramRequest =>
  makeRequest(2, [DATA_ADDRESS, flags], Buffer.from(`${path}\0`))

/** @see requestClose(2) */
export const requestClose = (descriptor: number): ProgramRequest => makeRequest(3, [descriptor])

/** @param argument a number, or data that the call reads and writes @see requestIoctl(2) */
export const requestIoctl = (
  descriptor: number,
  command: number,
  argument: number | Buffer,
): ProgramRequest =>
  typeof argument === 'number'
    ? makeRequest(16, [descriptor, command, argument])
    : makeRequest(16, [descriptor, command, DATA_ADDRESS], argument)

function makeRequest(
  what: number,
  args: readonly number[],
  data: Uint8Array = Buffer.alloc(0),
): ProgramRequest {
  if (data.length > REQUEST_SIZE - DATA)
    throw new RangeError(`${data.length} bytes are too many for a request`)
  const bytes = Buffer.alloc(REQUEST_SIZE)
  for (const [i, value] of [what, ...args].entries()) bytes.writeBigInt64LE(BigInt(value), 8 * i)
  bytes.set(data, DATA)
  return bytes
}

/** Has requests answered, in order, by one run of the program. @throws RouteError where it cannot be run, or fails */
export type RunRequests = (requests: readonly ProgramRequest[]) => ProgramReply[]

/** What came of a request. */
export class ProgramReply {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** What the system call returned. */
  get result(): number {
    return Number(this.#bytes.readBigInt64LE(0))
  }

  /** What CPUID returned. */
  get registers(): CpuidRegisters {
    return { eax: this.word(0), ebx: this.word(1), ecx: this.word(2), edx: this.word(3) }
  }

  /** The n-th 32 bits of the data. */
  word(n: number): U32 {
    return this.#bytes.readUInt32LE(DATA + 4 * n)
  }
}

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
