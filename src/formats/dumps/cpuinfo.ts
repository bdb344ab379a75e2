import type { FlagPlace } from '../../arch/driver.ts'
import { driverOf } from '../../arch/registry.ts'
import type { NamedRegisters } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect, Found, RegisterDump } from '../found.ts'
import { distinctRegisters, foundDumps, foundRegisters, OF_LINUX } from './dump.ts'
import { endsWithList, readMachines, unfold } from './linux-flags.ts'
import { parseProcCpuinfo } from './proc-cpuinfo.ts'

/** Where a word of Linux's stands for a bit; undefined where it is unknown. */
type PlaceOf = (arch: string, flag: string) => FlagPlace | undefined

/** A line's value; undefined where no line has that name. */
const lineOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(text)?.[1]

const NUMBER = /^(?:0x[0-9a-f]{1,8}|\d{1,8})$/i

/** Makes the error of a fault at an offset of a text. */
type FaultAt = (what: string, offset: number) => ParseError

/** A number of `text` in the line of that name. @throws ParseError that shows the line */
function numberOf(word: string, most: number, text: string, name: string, faultAt: FaultAt): bigint {
  if (NUMBER.test(word) && Number(word) <= most) return BigInt(word)
  const line = text.search(new RegExp(`^${name}[ \\t]*:`, 'm'))
  throw faultAt(`${name}: \`${word}\` is no number from 0 to ${most}`, Math.max(text.indexOf(word, line), 0))
}

/**
 * The logical CPUs of a `/proc/cpuinfo` of ARM, LoongArch, POWER, RISC-V or s390x, as the registers that its words stand for. None where
 * it is of another architecture.
 * @throws ParseError where a number is none, or part of a CPU's identity is missing
 */
function parseOtherCpuInfo(text: string, source: string, placeOf: PlaceOf): RegisterDump[] {
  const faultAt: FaultAt = (what, offset) => ParseError.at(what, text, offset, source)
  if (lineOf(text, 'CPU implementer') !== undefined) return armCpus(text, placeOf, faultAt)
  if (PVR.test(text)) return powerCpus(text)
  if (/^isa[ \t]*:[ \t]*rv64/m.test(text)) return riscvCpus(text, placeOf)
  if (/^isa[ \t]*:.*\bloongarch64\b/im.test(text)) return loongCpus(text, placeOf)
  return lineOf(text, 'vendor_id') === 'IBM/S390' ? zCpus(text, faultAt) : []
}

/** Blocks of lines that begin with `processor`. One without `what`, which names the CPU, says nothing of it. */
const blocksOf = (text: string, what: RegExp): string[] =>
  text.split(/^(?=processor[ \t]*:)/m).filter(block => /^processor/.test(block) && what.test(block))

function armCpus(text: string, placeOf: PlaceOf, faultAt: FaultAt): RegisterDump[] {
  const cpus = blocksOf(text, /^CPU implementer[ \t]*:/m).map(block => {
    const number = (name: string, most: number) => {
      const word = lineOf(block, name)
      const faultIn: FaultAt = (what, offset) => faultAt(what, text.indexOf(block) + offset)
      if (word === undefined) throw faultIn(`a processor without \`${name}\``, 0)
      return numberOf(word || '0', most, block, name, faultIn)
    }
    // The architecture field reads 15 on every core with ID registers.
    const midr =
      (number('CPU implementer', 0xff) << 24n) |
      (number('CPU variant', 0xf) << 20n) |
      (0xfn << 16n) |
      (number('CPU part', 0xfff) << 4n) |
      number('CPU revision', 0xf)
    const words = (lineOf(block, 'Features') ?? '').split(/\s+/)
    const flags = registersOf(words.map(word => placeOf('aarch64', word)))
    return { name: lineOf(block, 'processor') ?? '', registers: new Map([['MIDR_EL1', midr], ...flags]) }
  })
  const wide = /^Features[ \t]*:.*\basimd\b/m.test(text)
  return distinctRegisters(wide ? 'aarch64' : 'armv7l', cpus)
}

const PVR = /\(pvr ([0-9a-f]{4}) ([0-9a-f]{4})\)/

function powerCpus(text: string): RegisterDump[] {
  const cpus = blocksOf(text, PVR).map(block => {
    const [, high, low] = PVR.exec(block) ?? []
    return {
      name: lineOf(block, 'processor') ?? '',
      registers: new Map([['PVR', BigInt(`0x${high}${low}`)]]),
    }
  })
  return distinctRegisters('ppc64', cpus)
}

/** `rv64imafdch_zicbom_zba`: single letters, then names. */
function riscvCpus(text: string, placeOf: PlaceOf): RegisterDump[] {
  const cpus = blocksOf(text, /^isa[ \t]*:/m).map(block => {
    const [letters = '', ...names] = (lineOf(block, 'isa') ?? '').replace(/^rv64/, '').split('_')
    const words = [...letters, ...names].map(word => placeOf('riscv64', word))
    return { name: lineOf(block, 'hart') ?? lineOf(block, 'processor') ?? '', registers: registersOf(words) }
  })
  return distinctRegisters('riscv64', cpus)
}

/** The words of CPUCFG as far as Linux lists their features; the ISA's name tells the width of registers. */
function loongCpus(text: string, placeOf: PlaceOf): RegisterDump[] {
  const cpus = blocksOf(text, /^features[ \t]*:/im).map(block => {
    const words = (/^features[ \t]*:[ \t]*(.*)/im.exec(block)?.[1] ?? '').split(/\s+/)
    const registers = registersOf(['gr64', ...words].map(word => placeOf('loongarch64', word)))
    return { name: lineOf(block, 'processor') ?? '', registers }
  })
  return distinctRegisters('loongarch64', cpus)
}

export function registersOf(places: readonly (FlagPlace | undefined)[]): Map<string, bigint> {
  const registers = new Map<string, bigint>()
  for (const place of places) {
    if (!place) continue
    const { register, bit } = place
    registers.set(register, (registers.get(register) ?? 0n) | (1n << BigInt(bit)))
  }
  return registers
}

/** STFLE stores up to 256 doublewords. */
const MOST_FACILITIES = 256 * 64

/** Every CPU of the machine is the same; its facilities are bits counted from the left, here from the lowest. */
function zCpus(text: string, faultAt: FaultAt): RegisterDump[] {
  const machine = /^processor \d+:.*\bmachine = ([0-9A-F]{4})/m.exec(text)?.[1]
  const registers = new Map<string, bigint>()
  if (machine !== undefined) registers.set('MACHINE', BigInt(`0x${machine}`))
  const list = lineOf(text, 'facilities')
  if (list === undefined) return []
  const facilities = list.split(/\s+/).filter(Boolean)
  registers.set(
    'STFLE',
    facilities.reduce(
      (bits, word) => bits | (1n << numberOf(word, MOST_FACILITIES - 1, text, 'facilities', faultAt)),
      0n,
    ),
  )
  const at = facilities.findIndex((word, i) => Number(word) <= Number(facilities[i - 1] ?? -1))
  if (at > 0)
    throw faultAt(
      `facilities: ${facilities[at]} after ${facilities[at - 1]}: numbers ran together or apart`,
      0,
    )
  const numbers = Array.from(text.matchAll(/^processor (\d+):/gm), match => match[1] ?? '')
  return distinctRegisters('s390x', cpusOf(numbers, registers)).map(dump => ({ ...dump, notes: [UNTOLD] }))
}

const UNTOLD =
  'approximate, from /proc/cpuinfo: Linux lists facilities, not which functions their instructions have, nor which ' +
  'features KVM adds; a QEMU on that machine tells all (virsh domcapabilities)'

const cpusOf = (numbers: readonly string[], registers: NamedRegisters) =>
  (numbers.length > 0 ? numbers : ['0']).map(name => ({ name, registers }))

/** Linux's `/proc/cpuinfo`, of any architecture. */
export const cpuinfo: Dialect = {
  name: 'proc-cpuinfo',
  title: '/proc/cpuinfo',
  sniff: text => /^(?:processor[ \t]*:[ \t]*\d+\s*$|vendor_id[ \t]*:)/m.test(text),
  read: (text, source) => readMachines(text, MARKS, part => readMachine(part, source)),
}

/** A processor's number, or the head of s390x. */
const MARKS = /^(?:processor[ \t]*:[ \t]*(\d+)|vendor_id[ \t]*:[ \t]*IBM\/S390)/gm

function readMachine(text: string, source: string): Found[] {
  const place: PlaceOf = (arch, flag) => driverOf(CpuMap.builtIn(), arch)?.flagPlace?.(flag)
  const unfolded = unfold(text, flag => OTHERS.some(arch => place(arch, flag)))
  const others = parseOtherCpuInfo(unfolded, source, place)
  if (others.length > 0 && endsOpen(text, unfolded))
    throw new ParseError(
      'this /proc/cpuinfo is cut off within its last line, or behind it: Linux prints more there',
      source,
    )
  return others.length > 0 ? foundRegisters(others) : foundDumps(parseProcCpuinfo(text, source), OF_LINUX)
}

/** Whether what the last line says of the CPU may be cut: a list, behind which something follows always, or a value that is missing. */
const endsOpen = (text: string, unfolded: string): boolean =>
  endsWithList(unfolded) || /^CPU [a-z]+[ \t]*:[ \t]*$/m.test(text.slice(text.lastIndexOf('\n') + 1))

/** The architectures with words of their own. */
const OTHERS = ['aarch64', 'loongarch64', 'riscv64']
