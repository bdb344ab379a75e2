import type { FeatureClass } from '../core/feature.ts'
import type { Order } from '../core/order.ts'
import type { Register } from '../core/place.ts'
import { type DataFile, faultAt } from './data-file.ts'

/** `word PLACE = Title [source]`: a register or MSR, and the features in it. */
export interface WordRow {
  readonly offset: number
  readonly at: WordPlace
  readonly title: string
  /** Keys of `docs/sources.md`, as written: `key; key`. */
  readonly sources: string
  readonly features: readonly FeatureRow[]
}

/** Where a word is: a register of a CPUID leaf, or a whole MSR. */
export type WordPlace =
  | {
      readonly leaf: number
      readonly subleaf: number
      readonly register: Register
      readonly indexed: boolean
    }
  | { readonly msr: number }

/** `BIT NAME ORDER FLAGS title`: a named bit. */
export interface FeatureRow {
  readonly offset: number
  readonly name: string
  /** Within the word: 0 to 31, in an MSR 0 to 63. */
  readonly bit: number
  readonly order: Order
  readonly flags: FeatureFlags
  readonly title: string
}

/** The letters between order and title. */
export interface FeatureFlags {
  readonly class: FeatureClass | undefined
  readonly migratable: boolean
  /** Not among libvirt's features: only our own notes speak of it. */
  readonly beyond: boolean
  /** Made by the hypervisor, not by silicon. */
  readonly byHypervisor: boolean
  readonly deprecated: boolean
}

// One expression for the whole line, which V8 runs as machine code: five hundred lines in half a millisecond.
const LINE = /(?: +(\d+) +(\S+) +([&|<>=~.]) +(\S+) +(.*)|word +(\S+) += +(.*)| *(?:#.*)?)(?:\n|$)/y

/** Reads `features.txt`. The order of the lines is the order of the features. @throws ParseError */
export function parseFeatures(file: DataFile): WordRow[] {
  const { text } = file
  const words: WordRow[] = []
  let features: FeatureRow[] | undefined
  LINE.lastIndex = 0
  for (let offset = 0; offset < text.length; offset = LINE.lastIndex) {
    const line = LINE.exec(text)
    if (!line)
      throw faultAt(file, offset, 'expected `word PLACE = Title [source]` or `BIT NAME ORDER FLAGS title`')
    if (line[1]) {
      if (!features) throw faultAt(file, offset, 'a feature stands under its word, and no word is above')
      features.push(featureOf(line, file, offset))
    } else if (line[6]) {
      features = []
      words.push({ offset, at: parsePlace(line[6], file, offset), ...splitSources(line[7] ?? ''), features })
    }
  }
  return words
}

// The groups are read by number: taking an array apart by pattern costs more than the match in a fresh process.
const featureOf = (line: RegExpExecArray, file: DataFile, offset: number): FeatureRow => ({
  offset,
  name: line[2] ?? '',
  bit: Number(line[1]),
  order: line[3] as Order,
  flags: flagsOf(line[4] ?? '', file, offset),
  title: line[5] ?? '',
})

/** `Title [key; key]` in its two parts. */
function splitSources(text: string): { title: string; sources: string } {
  const open = text.endsWith(']') ? text.lastIndexOf('[') : -1
  if (open < 0) return { title: text.trim(), sources: '' }
  return { title: text.slice(0, open).trim(), sources: text.slice(open + 1, -1) }
}

const REGISTERS: readonly string[] = ['eax', 'ebx', 'ecx', 'edx'] satisfies Register[]

function parsePlace(text: string, file: DataFile, offset: number): WordPlace {
  const parts = text.split('.')
  if (parts[0] === 'msr' && parts.length === 2) return { msr: hexOf(parts[1], file, offset) }
  const indexed = parts.length === 3
  const register = parts[indexed ? 2 : 1] ?? ''
  if (parts.length > 3 || !REGISTERS.includes(register)) {
    throw faultAt(file, offset, 'a place is `LEAF.REGISTER`, `LEAF.SUBLEAF.REGISTER` or `msr.INDEX`')
  }
  const leaf = hexOf(parts[0], file, offset)
  const subleaf = indexed ? hexOf(parts[1], file, offset) : 0
  return { leaf, subleaf, register: register as Register, indexed }
}

function hexOf(digits: string | undefined, file: DataFile, offset: number): number {
  const number = Number(`0x${digits}`)
  if (!(number <= 0xffff_ffff)) throw faultAt(file, offset, 'a place is written in hexadecimal, without `0x`')
  return number
}

const CLASSES: Readonly<Record<string, FeatureClass>> = {
  s: 'security',
  p: 'performance',
  v: 'virtualization',
  n: 'nested',
  f: 'platform',
  w: 'volatile',
}

/** The few combinations that there are, each read once. */
const KNOWN = new Map<string, FeatureFlags>()

function flagsOf(text: string, file: DataFile, offset: number): FeatureFlags {
  const known = KNOWN.get(text)
  if (known) return known
  const flags = parseFlags(text)
  if (!flags) throw faultAt(file, offset, 'flags are a class (s p v n f w) or `-`, and then any of m x h d')
  KNOWN.set(text, flags)
  return flags
}

function parseFlags(text: string): FeatureFlags | undefined {
  if (!/^[spvnfw-][mxhd]*$/.test(text)) return undefined
  return {
    class: CLASSES[text.charAt(0)],
    migratable: !text.includes('m'),
    beyond: text.includes('x'),
    byHypervisor: text.includes('h'),
    deprecated: text.includes('d'),
  }
}
