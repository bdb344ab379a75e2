import type { U32 } from '../../core/bits.ts'
import type { CpuidRegisters } from '../../core/cpuid.ts'
import { DATA_ADDRESS, EXECUTE_CPUID, MOVE_TO_CPU, REQUEST_SIZE } from './program.ts'

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
