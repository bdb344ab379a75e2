import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, RegisterDump } from '../found.ts'
import { distinctRegisters, foundRegisters } from './dump.ts'

/** Registers of ARM or POWER. */
export const namedRegisters: Dialect = {
  name: 'registers',
  title: 'named registers (MIDR_EL1, PVR, …) or the number of the file midr_el1',
  sniff: text => /^[ \t]*0x[0-9a-f]{16}[ \t]*\r?$|^[ \t]*(?:MIDR_EL1|PVR)[ \t]*[:= ][ \t]*0x/m.test(text),
  read: (text, source) => foundRegisters(parseRegisterText(text, source)),
}

const LINE = /^[ \t]*([A-Z][A-Z0-9_]+)[ \t]*[:= ][ \t]*0x(?=_*[0-9a-fA-F])([0-9a-fA-F_]{1,20})[ \t]*$/gm

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
  const [, last, digits = ''] = /([A-Z][A-Z0-9_]+)[ \t]*[:= ][ \t]*0x([0-9a-fA-F_]*)$/.exec(text) ?? []
  if (last === name && digits.length < 8) throw new ParseError(`${name} is cut off`, source)
  if (last !== undefined && last !== name) registers.delete(last)
  return arch === undefined ? [] : distinctRegisters(arch, [{ name: '0', registers }])
}
