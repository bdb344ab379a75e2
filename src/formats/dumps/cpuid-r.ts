import { hex, type U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRow } from '../../core/cpuid.ts'
import type { Dialect } from '../found.ts'
import type { Dump } from './dump.ts'
import { foundDumps, fromHex, type LineReader, parseLines, registersFromHex } from './dump.ts'

/** EAX, EBX, ECX, EDX. */
const RECORD = 16

/**
 * Whether bytes are what Linux's `/dev/cpu/N/cpuid` hands out, as `dd` copies it: records of 16 bytes, the first of
 * leaf 0, whose EBX, EDX and ECX spell a vendor.
 */
export function isCpuidRecords(bytes: Uint8Array): boolean {
  if (bytes.length < 2 * RECORD || bytes.length % RECORD !== 0) return false
  const maximum = wordAt(bytes, 0)
  return (
    maximum > 0 &&
    maximum < 0x1_0000 &&
    /^[\x20-\x7e]{12}$/.test(String.fromCharCode(...bytes.subarray(4, 16)))
  )
}

/**
 * The rows of such records: leaf after leaf, each with subleaf 0, from 0 on; where a record begins another range, such
 * as that of 80000000H, from there on.
 * @see cpuid(4)
 */
export function parseCpuidRecords(bytes: Uint8Array): Cpuid {
  const rows: CpuidRow[] = []
  let leaf = 0
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD, leaf++) {
    leaf = baseOf(bytes, at) ?? leaf
    const word = (offset: number) => wordAt(bytes, at + offset)
    rows.push([leaf, 0, word(0), word(4), word(8), word(12)])
  }
  return Cpuid.of(rows)
}

/** The range that a record begins: its EAX is the range's highest leaf, and it names the vendor again or nobody. */
function baseOf(bytes: Uint8Array, at: number): U32 | undefined {
  const maximum = wordAt(bytes, at)
  const base = (maximum & 0xffff_0000) >>> 0
  if (at === 0 || !BASES.has(base) || (maximum & 0xffff) > 0xff) return undefined
  const [first, own] = [bytes.subarray(4, RECORD), bytes.subarray(at + 4, at + RECORD)]
  return own.every(byte => byte === 0) || own.every((byte, i) => byte === first[i]) ? base : undefined
}

const BASES: ReadonlySet<U32> = new Set([0x8000_0000, 0xc000_0000])

const wordAt = (bytes: Uint8Array, at: number): U32 =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)

/** What Todd Allen's `cpuid -r` and `cpuid -1 -r` print. */
export const cpuidR: Dialect = {
  name: 'cpuid-r',
  title: 'cpuid -r, cpuid -1 -r, or the bytes of /dev/cpu/N/cpuid',
  // Without -r the tool prints raw rows of leaves that it does not know.
  sniff: text =>
    /^[ \t]*0x[0-9a-f]{8}[ \t]+0x[0-9a-f]{1,8}[ \t]*:[ \t]*eax=0x/im.test(text) &&
    !/^[ \t]+version information \(1\/eax\):/m.test(text),
  read: (text, source) => foundDumps(parseCpuidR(text, source)),
}

/**
 * The CPUs of what Todd Allen's `cpuid -r` prints, or `cpuid -1 -r`, which names no CPU.
 * @throws ParseError at a line of registers that is not complete
 */
export const parseCpuidR = (text: string, source = ''): Dump[] => parseLines(text, source, [row, heading])

/** `   0x00000007 0x01: eax=0x00000030 ebx=0x00000000 ecx=0x00000000 edx=0x00000000` */
const REGISTER = '=0x([0-9a-f]{8})'
const ROW = new RegExp(
  `^\\s*0x([0-9a-f]{1,8})\\s+0x([0-9a-f]{1,8})\\s*:\\s*eax${REGISTER}\\s+ebx${REGISTER}\\s+ecx${REGISTER}\\s+edx${REGISTER}\\s*$`,
  'i',
)

const row: LineReader = (line, builder) => {
  const [whole, leaf = '', subleaf = '', eax, ebx, ecx, edx] = ROW.exec(line) ?? []
  if (whole === undefined) return /^\s*0x[0-9a-f]+\s+0x/i.test(line) ? 'malformed' : false
  builder.addRow(fromHex(leaf), fromHex(subleaf), registersFromHex(eax, ebx, ecx, edx))
  return true
}

/** `CPU 0:`, or `CPU:` where only one was asked. */
const heading: LineReader = (line, builder) => {
  const label = /^\s*(CPU\s*\d*)\s*:\s*$/i.exec(line)?.[1]
  if (label === undefined) return false
  builder.startCpu(label === 'CPU' ? '' : label)
  return true
}

/** The rows as `cpuid -1 -r` prints them. */
export function printCpuidR(data: Cpuid): string {
  const lines = data.rows().map(([leaf, subleaf, eax, ebx, ecx, edx]) => {
    const registers = `eax=0x${hex(eax)} ebx=0x${hex(ebx)} ecx=0x${hex(ecx)} edx=0x${hex(edx)}`
    return `   0x${hex(leaf)} 0x${hex(subleaf, 2)}: ${registers}\n`
  })
  return `CPU:\n${lines.join('')}`
}
