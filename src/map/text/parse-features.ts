import {
  type FeatureClass,
  ORDERS,
  type Order,
  type Place,
  type Reading,
  type Register,
} from '../../core/feature.ts'
import { BuiltInFeature, FeatureTable } from '../../core/feature-table.ts'
import { type DataFile, faultAt } from './data-file.ts'

/** The letters between name and title. */
interface FeatureFlags {
  readonly order: Order
  readonly class: FeatureClass | undefined
  readonly migratable: boolean
  /** Not among libvirt's features: only our own notes speak of it. */
  readonly beyond: boolean
  /** Provided by the hypervisor, not by the hardware. */
  readonly byHypervisor: boolean
  readonly deprecated: boolean
  /** No hypervisor gives it to a guest. */
  readonly unoffered: boolean
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

/** Reads `&  pm`: order, class, the rest. @throws ParseError at `offset` of the file */
function flagsOf(text: string, file: DataFile, offset: number): FeatureFlags {
  const known = KNOWN.get(text)
  if (known) return known
  const flags = parseFlags(text)
  if (typeof flags === 'string') throw faultAt(file, offset, flags)
  KNOWN.set(text, flags)
  return flags
}

/** The flags, or what is wrong with them. */
function parseFlags(text: string): FeatureFlags | string {
  const order = ORDERS.find(letter => letter === text.charAt(0))
  const letters = text.slice(1).trim()
  if (!order) return 'expected an order: one of & | < > = ~ .'
  if (!/^[spvnfw-][mxhdu]*$/.test(letters))
    return 'flags are a class (s p v n f w) or `-`, and then any of m x h d u'
  return {
    order,
    class: CLASSES[letters.charAt(0)],
    migratable: !letters.includes('m'),
    beyond: letters.includes('x'),
    byHypervisor: letters.includes('h'),
    deprecated: letters.includes('d'),
    unoffered: letters.includes('u'),
  }
}

/** `word PLACE = Title [source]`: a register or MSR, and the features in it. */
export interface WordRow {
  readonly offset: number
  readonly at: WordPlace
  readonly title: string
  /** Keys of `docs/sources.md`, as written: `key; key`. */
  readonly sources: string
  readonly features: readonly FeatureRow[]
}

/** Where a word is: a register of a CPUID leaf, a whole MSR, or a register that has a name. */
export type WordPlace =
  | {
      readonly leaf: number
      readonly subleaf: number
      /** The last of the subleaves that are alike; absent: there is one. */
      readonly last?: number
      readonly register: Register
      readonly indexed: boolean
    }
  | { readonly msr: number }
  | { readonly name: string }

/** `BIT[:LENGTH] NAME ORDER FLAGS title`: a named bit, or field of several. */
export interface FeatureRow {
  readonly offset: number
  readonly name: string
  /** Within the word: 0 to 31, in an MSR 0 to 63, in a named register 0 to 255. */
  readonly bit: number
  /** How many bits; of features always one. */
  readonly length: number
  readonly reading: Reading
  readonly flags: FeatureFlags
  readonly title: string
}

// One expression for the whole line, which V8 runs as machine code: five hundred lines in half a millisecond.
const FEATURE = / +(\d+)(?::(\d+)([sz]?))? +(\S+) +(\S +\S+) +(.*)/y

/** Reads `features.txt`. The order of the lines is the order of the features. @throws ParseError */
export function parseFeatureRows(file: DataFile): WordRow[] {
  const { text } = file
  const words: WordRow[] = []
  let features: FeatureRow[] | undefined
  for (let offset = 0, end = 0; offset < text.length; offset = end + 1) {
    const newline = text.indexOf('\n', offset)
    end = newline < 0 ? text.length : newline
    FEATURE.lastIndex = offset
    const row = FEATURE.exec(text)
    if (row) {
      if (!features) throw faultAt(file, offset, 'a feature stands under its word, and no word is above')
      features.push(featureOf(row, file, offset))
      continue
    }
    const line = text.slice(offset, end).trim()
    if (line === '' || line.startsWith('#')) continue
    features = []
    words.push(wordOf(line, features, file, offset))
  }
  return words
}

function wordOf(line: string, features: FeatureRow[], file: DataFile, offset: number): WordRow {
  const equals = line.indexOf(' = ')
  if (!line.startsWith('word ') || equals < 0) {
    throw faultAt(file, offset, 'expected `word PLACE = Title [source]` or `BIT NAME ORDER FLAGS title`')
  }
  const at = parsePlace(line.slice('word '.length, equals).trim(), file, offset)
  return { offset, at, ...splitSources(line.slice(equals + ' = '.length)), features }
}

// The groups are read by number: taking an array apart by pattern costs more than the match in a fresh process.
const featureOf = (line: RegExpExecArray, file: DataFile, offset: number): FeatureRow => ({
  offset,
  name: line[4] ?? '',
  bit: Number(line[1]),
  length: Number(line[2] ?? 1),
  reading: readingOf(line[3]),
  flags: flagsOf(line[5] ?? '', file, offset),
  title: line[6] ?? '',
})

function readingOf(letter: string | undefined): Reading {
  if (letter === 's') return 'signed'
  return letter === 'z' ? 'zero-is-largest' : 'plain'
}

/** `Title [key; key]` in its two parts. */
function splitSources(text: string): { title: string; sources: string } {
  const open = text.endsWith(']') ? text.lastIndexOf('[') : -1
  if (open < 0) return { title: text.trim(), sources: '' }
  return { title: text.slice(0, open).trim(), sources: text.slice(open + 1, -1) }
}

const REGISTERS: readonly string[] = ['eax', 'ebx', 'ecx', 'edx'] satisfies Register[]

function parsePlace(text: string, file: DataFile, offset: number): WordPlace {
  if (/^[A-Z][A-Z0-9_.]*$/.test(text)) return { name: text }
  const parts = text.split('.')
  if (parts[0] === 'msr' && parts.length === 2) return { msr: hexOf(parts[1], file, offset) }
  const indexed = parts.length === 3
  const register = parts[indexed ? 2 : 1] ?? ''
  if (parts.length > 3 || !REGISTERS.includes(register)) {
    throw faultAt(
      file,
      offset,
      'a place is `LEAF.REGISTER`, `LEAF.SUBLEAF[-LAST].REGISTER`, `msr.INDEX` or `NAME`',
    )
  }
  const leaf = hexOf(parts[0], file, offset)
  const [first = '0', end] = indexed ? (parts[1] ?? '').split('-') : []
  const subleaf = hexOf(first, file, offset)
  const last = end === undefined ? {} : { last: hexOf(end, file, offset) }
  return { leaf, subleaf, ...last, register: register as Register, indexed }
}

function hexOf(digits: string | undefined, file: DataFile, offset: number): number {
  const number = Number(`0x${digits}`)
  if (!(number <= 0xffff_ffff)) throw faultAt(file, offset, 'a place is written in hexadecimal, without `0x`')
  return number
}

/** libvirt's features and, in a table of their own, those it does not know. */
export interface FeatureTables {
  readonly features: FeatureTable
  readonly beyond: FeatureTable
  /** Of both. */
  readonly byName: ReadonlyMap<string, BuiltInFeature>
}

/**
 * Lays the rows of `features.txt` out: a 32-bit word for every register or half of an MSR that has a feature.
 * @throws ParseError for a name that is there twice, and for bits that do not ascend within their word
 */
export function buildTables(words: readonly WordRow[], file: DataFile): FeatureTables {
  const features = new Layout()
  const beyond = new Layout()
  const byName = new Map<string, BuiltInFeature>()
  for (const word of words) {
    const parts = partsOf(word.at)
    const highest = parts.length * 32 - 1
    let last = -1
    for (const row of word.features) {
      if (row.bit > highest) throw faultAt(file, row.offset, `this word has bits 0 to ${highest}`)
      if (row.bit <= last)
        throw faultAt(file, row.offset, `bits ascend, each once; bit ${last} is above this line`)
      if (byName.has(row.name)) throw faultAt(file, row.offset, `\`${row.name}\` is above already`)
      const layout = row.flags.beyond ? beyond : features
      byName.set(row.name, layout.add(row, parts[row.bit >>> 5]))
      last = row.bit
    }
  }
  return { features: features.table(), beyond: beyond.table(), byName }
}

/** The 32-bit places of a word. */
function partsOf(at: WordPlace): readonly Place[] {
  if ('leaf' in at) return [{ kind: 'cpuid', ...at }]
  if ('msr' in at) {
    return [
      { kind: 'msr', index: at.msr, half: 'low' },
      { kind: 'msr', index: at.msr, half: 'high' },
    ]
  }
  return LONGEST.map(offset => ({ kind: 'named', name: at.name, offset }))
}

/** The longest register that has a name has 256 bits. */
const LONGEST = [0, 32, 64, 96, 128, 160, 192, 224]

/** A feature table in the making. Rows come by word and ascending bit. */
class Layout {
  readonly #list: BuiltInFeature[] = []
  readonly #words: Place[] = []

  add(row: FeatureRow, place: Place | undefined): BuiltInFeature {
    if (!place) throw new RangeError(`${row.name} is in no word`)
    if (this.#words[this.#words.length - 1] !== place) this.#words.push(place)
    const at = (this.#words.length - 1) * 32 + (row.bit & 31)
    const { name, title, flags } = row
    const { order, class: of, migratable, unoffered } = flags
    const facts = { name, order, class: of, migratable, unoffered }
    const feature = new BuiltInFeature(facts, this.#list.length, place, at, title)
    this.#list.push(feature)
    return feature
  }

  table(): FeatureTable {
    return new FeatureTable(this.#list, this.#words)
  }
}
