import { hex } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Dialect } from '../dialect.ts'
import { fromHex, type LineReader, parseLines, registersFromHex } from './cpuid-lines.ts'
import { foundDumps } from './distinct.ts'
import type { Dump } from './dump.ts'

/** What Todd Allen's `cpuid -r` and `cpuid -1 -r` print. */
export const cpuidR: Dialect = {
  name: 'cpuid-r',
  title: 'cpuid -r, cpuid -1 -r, or the bytes of /dev/cpu/N/cpuid',
  sniff: text => /^[ \t]*0x[0-9a-f]{8}[ \t]+0x[0-9a-f]{1,8}[ \t]*:[ \t]*eax=0x/im.test(text),
  read: (text, source) => foundDumps(parseCpuidR(text, source)),
}

/**
 * The CPUs of what Todd Allen's `cpuid -r` prints, or `cpuid -1 -r`, which names no CPU.
 * @throws ParseError at a line of registers that is not complete
 */
export const parseCpuidR = (text: string, source = ''): Dump[] => parseLines(text, source, [row, heading])

/** `   0x00000007 0x01: eax=0x00000030 ebx=0x00000000 ecx=0x00000000 edx=0x00000000` */
const REGISTER = '=0x([0-9a-f]{1,8})'
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
