/**
 * The program that does for us what JavaScript cannot: execute CPUID, and make a system call. It reads requests from
 * standard input and writes each back to standard output with its result, until there are no more.
 *
 * | bytes | of a request | of its answer |
 * | --- | --- | --- |
 * | 0–7 | what: a system call's number, `EXECUTE_CPUID` or `MOVE_TO_CPU` | what the system call returned |
 * | 8–31 | three arguments of 64 bits | the same |
 * | 32–63 | data; a system call's at `DATA_ADDRESS` | the same, or as the kernel left it, or EAX, EBX, ECX, EDX |
 */
export const REQUEST_SIZE = 64
export const EXECUTE_CPUID = -1
export const MOVE_TO_CPU = -2

/** Where the program is, and its memory: low, so that addresses take four bytes. */
const CODE_ADDRESS = 0x40_0000
const MEMORY_ADDRESS = 0x60_0000
/** A request, and behind it a set of CPUs, as large as any kernel's (8192). */
const MEMORY_SIZE = REQUEST_SIZE + 1024
/** Where a request's data is while the program runs. */
export const DATA_ADDRESS = MEMORY_ADDRESS + 32

/** RBP is the address of the request, RBX how much of it has been read. */
export const CODE = assembleProgram(`
          bd 00 00 60 00 | mov    ebp,0x600000
next:     31 db          | xor    ebx,ebx                  | a request, which may come in pieces
more:     31 c0          | xor    eax,eax                  | read
          31 ff          | xor    edi,edi                  |   from standard input
          48 8d 74 1d 00 | lea    rsi,[rbp+rbx*1+0x0]      |   behind what is there
          ba 40 00 00 00 | mov    edx,0x40                 |   as much as is missing
          29 da          | sub    edx,ebx
          0f 05          | syscall
          85 c0          | test   eax,eax
          7e >exit       | jle    >exit                    | no more requests
          01 c3          | add    ebx,eax
          83 fb 40       | cmp    ebx,0x40
          72 >more       | jb     >more
          48 8b 45 00    | mov    rax,QWORD PTR [rbp+0x0]  | what
          48 83 f8 ff    | cmp    rax,0xffffffffffffffff
          74 >cpuid      | je     >cpuid
          48 83 f8 fe    | cmp    rax,0xfffffffffffffffe
          74 >move       | je     >move
          48 8b 7d 08    | mov    rdi,QWORD PTR [rbp+0x8]  | a system call
          48 8b 75 10    | mov    rsi,QWORD PTR [rbp+0x10]
          48 8b 55 18    | mov    rdx,QWORD PTR [rbp+0x18]
call:     0f 05          | syscall
          48 89 45 00    | mov    QWORD PTR [rbp+0x0],rax
answer:   b8 01 00 00 00 | mov    eax,0x1                  | write
          bf 01 00 00 00 | mov    edi,0x1                  |   to standard output
          89 ee          | mov    esi,ebp                  |   the request with its result
          ba 40 00 00 00 | mov    edx,0x40
          0f 05          | syscall
          83 f8 40       | cmp    eax,0x40
          74 >next       | je     >next
exit:     b8 3c 00 00 00 | mov    eax,0x3c                 | exit
          31 ff          | xor    edi,edi                  |   with status 0
          0f 05          | syscall
cpuid:    8b 45 08       | mov    eax,DWORD PTR [rbp+0x8]  | leaf
          8b 4d 10       | mov    ecx,DWORD PTR [rbp+0x10] | subleaf
          0f a2          | cpuid                           | takes EBX, which is counted anew for each request
          89 45 20       | mov    DWORD PTR [rbp+0x20],eax
          89 5d 24       | mov    DWORD PTR [rbp+0x24],ebx
          89 4d 28       | mov    DWORD PTR [rbp+0x28],ecx
          89 55 2c       | mov    DWORD PTR [rbp+0x2c],edx
          eb >answer     | jmp    >answer
move:     8d 7d 40       | lea    edi,[rbp+0x40]           | the set of CPUs: none
          31 c0          | xor    eax,eax
          b9 80 00 00 00 | mov    ecx,0x80
          f3 48 ab       | rep stos QWORD PTR es:[rdi],rax
          8b 45 08       | mov    eax,DWORD PTR [rbp+0x8]  |   but the one asked for
          48 0f ab 45 40 | bts    QWORD PTR [rbp+0x40],rax
          b8 cb 00 00 00 | mov    eax,0xcb                 | sched_setaffinity
          31 ff          | xor    edi,edi                  |   of this process
          be 00 04 00 00 | mov    esi,0x400
          8d 55 40       | lea    edx,[rbp+0x40]
          eb >call       | jmp    >call
`)

/** The program as an executable file: static, of three segments, with nothing to link. @see System V ABI, ELF-64 */
export function makeExecutable(): Uint8Array {
  const headers = [
    makeSegmentHeader(LOAD, READ | EXECUTE, 0, CODE_ADDRESS, HEADERS_SIZE + CODE.bytes.length),
    makeSegmentHeader(LOAD, READ | WRITE, 0, MEMORY_ADDRESS, 0, MEMORY_SIZE),
    makeSegmentHeader(GNU_STACK, READ | WRITE, 0, 0, 0), // not executable
  ]
  return Buffer.concat([makeFileHeader(headers.length), ...headers, CODE.bytes])
}

const FILE_HEADER_SIZE = 64
const SEGMENT_HEADER_SIZE = 56
const HEADERS_SIZE = FILE_HEADER_SIZE + 3 * SEGMENT_HEADER_SIZE
const [LOAD, GNU_STACK] = [1, 0x6474_e551]
const [EXECUTE, WRITE, READ] = [1, 2, 4]

function makeFileHeader(segments: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_SIZE)
  header.write('\x7fELF', 'latin1')
  header.set([2, 1, 1], 4) // 64 bits, little-endian, version 1
  header.writeUInt16LE(2, 16) // executable, at fixed addresses
  header.writeUInt16LE(62, 18) // x86-64
  header.writeUInt32LE(1, 20) // version
  header.writeBigUInt64LE(BigInt(CODE_ADDRESS + HEADERS_SIZE), 24) // where it starts
  header.writeBigUInt64LE(BigInt(FILE_HEADER_SIZE), 32) // where the segments' headers are
  header.writeUInt16LE(FILE_HEADER_SIZE, 52)
  header.writeUInt16LE(SEGMENT_HEADER_SIZE, 54)
  header.writeUInt16LE(segments, 56)
  return header
}

/** @param size in the file @param memory in memory; zero beyond what is in the file */
function makeSegmentHeader(
  type: number,
  flags: number,
  offset: number,
  address: number,
  size: number,
  memory = size,
) {
  const header = Buffer.alloc(SEGMENT_HEADER_SIZE)
  header.writeUInt32LE(type, 0)
  header.writeUInt32LE(flags, 4)
  for (const [i, value] of [offset, address, address, size, memory].entries())
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * i)
  header.writeBigUInt64LE(0x1000n, 48) // alignment
  return header
}

/** A program for x86, as bytes. */
export interface AssembledProgram {
  readonly bytes: Uint8Array
  /** Where each label is. */
  readonly labels: ReadonlyMap<string, number>
  /** What each instruction is and where it begins, in order; targets of jumps are offsets. */
  readonly instructions: readonly { readonly at: number; readonly text: string }[]
}

/**
 * Assembles a listing: `label:  BYTES  | instruction | why`, one instruction a line. Bytes are hexadecimal pairs;
 * `>label` stands for the one byte that a short jump's distance takes, `>>label` for the two of a near call's, and
 * `@label` for the two bytes of the label's offset.
 * @throws RangeError for a label that is not there or too far away
 */
export function assembleProgram(listing: string): AssembledProgram {
  const lines = listing.split('\n').flatMap(parseLine)
  const starts: number[] = []
  const labels = new Map<string, number>()
  let size = 0
  for (const { label, tokens } of lines) {
    if (label !== undefined) labels.set(label, size)
    starts.push(size)
    for (const token of tokens) size += sizeOf(token)
  }
  const offset = (label: string) => findLabel(labels, label)
  return {
    bytes: Uint8Array.from(
      lines.flatMap(({ tokens }, i) => {
        const end = starts[i + 1] ?? size
        return tokens.flatMap(token => encodeToken(token, offset, end))
      }),
    ),
    labels,
    instructions: lines.map(({ text }, i) => ({
      at: starts[i] ?? 0,
      text: text.replace(/[>@](\w+)/, (_, label: string) => `0x${offset(label).toString(16)}`),
    })),
  }
}

interface Line {
  readonly label: string | undefined
  readonly tokens: readonly string[]
  readonly text: string
}

function parseLine(line: string): Line[] {
  const [, label, bytes = '', text = ''] = /^\s*(?:(\w+):)?([^|]*)\|([^|]*)/.exec(line) ?? []
  const tokens = bytes.trim().split(/\s+/)
  return text === '' ? [] : [{ label, tokens, text: text.trim() }]
}

function findLabel(labels: ReadonlyMap<string, number>, label: string): number {
  const at = labels.get(label)
  if (at === undefined) throw new RangeError(`no label ${label}`)
  return at
}

function sizeOf(token: string): number {
  return /^(?:>>|@)/.test(token) ? 2 : 1
}

/** @param end where the instruction ends, from which distances count */
function encodeToken(token: string, offset: (label: string) => number, end: number): number[] {
  const [, mark, label = ''] = /^(>>?|@)(.*)$/.exec(token) ?? []
  if (mark === undefined) return [Number.parseInt(token, 16)]
  const value = mark === '@' ? offset(label) : offset(label) - end
  if (mark !== '>') return [value & 0xff, (value >> 8) & 0xff]
  if (value < -128 || value > 127) throw new RangeError(`${value} bytes are too far for a short jump`)
  return [value & 0xff]
}
