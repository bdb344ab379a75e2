import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { ParseError } from '../../core/parse-error.ts'
import { type Dialect, foundData, type RegisterDump } from '../found.ts'
import { jsonFault } from '../json/json.ts'
import { distinctRegisters, foundRegisters } from './dump.ts'

/** Registers of ARM or POWER. */
export const namedRegisters: Dialect = {
  name: 'registers',
  title: 'named registers (MIDR_EL1, PVR, …) or the number of the file midr_el1',
  sniff: text => /^[ \t]*0x[0-9a-f]{16}[ \t]*\r?$|^[ \t]*(?:MIDR_EL1|PVR)[ \t]*[:= ][ \t]*0x/m.test(text),
  read: (text, source) => foundRegisters(parseRegisterText(text, source)),
}

const LINE =
  /^[ \t]*([A-Z][A-Z0-9_]+)(?:[ \t]*[:=][ \t]*|\t* [ \t]*)0x(?=_*[0-9a-fA-F])([0-9a-fA-F_]{1,20})[ \t]*$/gm

/** The register that tells which architecture a list of registers is of. */
const ARCH: readonly (readonly [register: string, arch: string])[] = [
  ['MIDR_EL1', 'aarch64'],
  ['PVR', 'ppc64'],
]

/**
 * Registers by name, one a line, `MIDR_EL1 = 0x413fd0c1`; or the one number of Linux's file `midr_el1`. None where
 * the text is neither.
 * @throws ParseError where the register that names the core is cut
 */
function parseRegisterText(text: string, source: string): RegisterDump[] {
  const only = /^\s*0x([0-9a-f]{16})\s*$/.exec(text)?.[1]
  if (only !== undefined) {
    const registers = new Map([['MIDR_EL1', BigInt(`0x${only}`)]])
    return distinctRegisters('aarch64', [{ name: '0', registers }])
  }
  const registers = new Map<string, bigint>()
  for (const [, name = '', digits = ''] of text.matchAll(LINE)) {
    if (!registers.has(name)) registers.set(name, BigInt(`0x${digits.replaceAll('_', '')}`))
  }
  const [name = '', arch] = ARCH.find(([register]) => registers.has(register)) ?? []
  // A number that ends where the text does may have had more digits.
  const [, last, digits = ''] =
    /(?<![A-Z0-9_])([A-Z][A-Z0-9_]+)(?:[ \t]*[:=][ \t]*|\t* [ \t]*)0x([0-9a-fA-F_]*)$/.exec(text) ?? []
  if (last === name && digits.length < 8) throw new ParseError(`${name} is cut off`, source)
  if (last !== undefined && last !== name) registers.delete(last)
  return arch === undefined ? [] : distinctRegisters(arch, [{ name: '0', registers }])
}

/** CPUID words as our own JSON has them. */
export const cpuidJson: Dialect = {
  name: 'cpuid-json',
  title: 'CPUID words as JSON: {"cpuid": [[leaf, subleaf, eax, ebx, ecx, edx]…]}',
  sniff: text => /^\s*[[{]/.test(text) && /"cpuid"\s*:/.test(text),
  read: (text, source) => parseCpuidJson(text, source).map(foundData),
}

/**
 * CPUs as the JSON contract gives them: `{"cpuid": [[leaf, subleaf, eax, ebx, ecx, edx]…], "msr": [[index, low,
 * high]…]}`, one, a list of them, or one a line. JSON that is something else holds none.
 * @throws ParseError for what is not JSON, and for rows that are not such numbers
 */
function parseCpuidJson(text: string, source = ''): Cpuid[] {
  return parseJson(text, source).flatMap((value, i) => {
    if (typeof value !== 'object' || value === null || !('cpuid' in value)) return []
    const msr = 'msr' in value ? value.msr : []
    return Cpuid.of(
      rows<CpuidRow>(value.cpuid, 6, `cpuid of CPU ${i + 1}`, source),
      rows<MsrRow>(msr, 3, `msr of CPU ${i + 1}`, source),
    )
  })
}

function parseJson(text: string, source: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    return parseLines(text, source)
  }
}

/** One value a line; where already the first line is none, the text is one value that is broken. */
function parseLines(text: string, source: string): unknown[] {
  let offset = 0
  const values: unknown[] = []
  for (const line of text.split('\n')) {
    try {
      if (line.trim() !== '') values.push(JSON.parse(line))
    } catch {
      const whole = values.length === 0
      const fault = jsonFault(whole ? text : line)
      throw ParseError.at(fault.what, text, whole ? fault.offset : offset + fault.offset, source)
    }
    offset += line.length + 1
  }
  return values
}

function rows<Row extends readonly number[]>(
  value: unknown,
  width: number,
  what: string,
  source: string,
): Row[] {
  if (!isRows<Row>(value, width)) {
    throw new ParseError(`${what}: rows of ${width} numbers are needed, each from 0 to 4294967295`, source)
  }
  return value
}

/** Whether it is rows of that many 32-bit words. */
export const isRows = <Row extends readonly number[]>(value: unknown, width: number): value is Row[] =>
  Array.isArray(value) && value.every(row => Array.isArray(row) && row.length === width && row.every(isWord))

const isWord = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && value <= 0xffff_ffff && Number.isInteger(value)
