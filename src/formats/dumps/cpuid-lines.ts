import type { CpuidRegisters } from '../../core/cpuid.ts'
import { ParseError } from '../../core/parse-error.ts'
import { type Dump, DumpBuilder } from './dump.ts'

/**
 * Reads one line of a dump into `builder`. Answers false for a line that is something else;
 * `'malformed'` for one that is meant and cannot be read.
 */
export type LineReader = (line: string, builder: DumpBuilder) => boolean | 'malformed'

/** Reads a dump line by line: the first of `readers` that knows a line has it, and a line that none knows is passed over. */
export function parseLines(text: string, source: string, readers: readonly LineReader[]): Dump[] {
  const builder = new DumpBuilder()
  for (const [index, line] of text.split(/\r\n|[\n\r]/).entries()) {
    if (readLine(line, builder, readers)) continue
    const column = line.search(/\S/) + 1
    const excerpt = line.length > 100 ? '' : line.replaceAll('\t', ' ')
    throw new ParseError('this line of a CPUID dump is not complete', source, index + 1, column, excerpt)
  }
  return builder.dumps()
}

function readLine(line: string, builder: DumpBuilder, readers: readonly LineReader[]): boolean {
  for (const read of readers) {
    const answer = read(line, builder)
    if (answer !== false) return answer === true
  }
  return true
}

/** The registers of a row, each hexadecimal of at most 8 digits. */
export const registersFromHex = (eax = '', ebx = '', ecx = '', edx = ''): CpuidRegisters => ({
  eax: fromHex(eax),
  ebx: fromHex(ebx),
  ecx: fromHex(ecx),
  edx: fromHex(edx),
})

/** A register of a dump: hexadecimal, at most 8 digits. */
export const fromHex = (digits: string): number => Number.parseInt(digits, 16)
