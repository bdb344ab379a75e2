import type { U32 } from '../../core/bits.ts'
import { type Feature, placeOf, REGISTERS } from '../../core/feature.ts'
import { matches, printSignature, type Signature } from '../../core/model.ts'
import { evcModes } from '../../formats/named-levels.ts'
import { featuresOfFeatureset } from '../../formats/platforms/xen.ts'
import { builtinCpuidFields, isAt } from '../../map/cpuid-fields.ts'
import type { Database } from '../../map/database.ts'
import { builtinReleases } from '../../map/releases.ts'
import { featuresAt, featuresSpelled, parsePlaceSpelled } from '../../map/vocabulary.ts'
import { noteOn } from '../name/question.ts'
import type { UnderstoodWord } from './answer.ts'

/** The features that a part of an error names: a list of names, or QEMU's place of a bit; with what names none. */
export function featuresOfPart(
  db: Database,
  part: string,
  value: string,
): { readonly features: readonly Feature[]; readonly unknown: readonly string[] } {
  const place = part === 'place' ? parsePlaceSpelled(value) : undefined
  if (place) return { features: featuresAt(db, place), unknown: [] }
  const words = value
    .split(/[,;\s[\]'"()]+/)
    .map(word => word.replace(/[:=](?:true|on)$/, '').replace(/(?<![.:])[.:]+$/, ''))
    .filter(word => word !== '' && word !== 'and')
  const last = (word: string) => (part === 'property' ? (word.split('.').at(-1) ?? word) : word)
  const read = words.map(word => ({ word, features: featuresSpelled(db, last(word)) }))
  return {
    features: [...new Set(read.flatMap(({ features }) => features))],
    unknown: read.flatMap(({ word, features }) => (features.length === 0 ? word : [])),
  }
}

/** What one featureset of Xen has and another has not. */
export function lostOfFeaturesets(db: Database, had: string, has: string): Feature[] {
  const there = new Set(featuresOfFeatureset(has))
  return featuresOfFeatureset(had).flatMap(name => (there.has(name) ? [] : (db.features.get(name) ?? [])))
}

/** What of a text names a feature, a place, a CPU, a machine type or a level, in its order, each once. */
export function understand(db: Database, text: string): UnderstoodWord[] {
  const found = new Map<string, string>()
  for (const word of placesIn(text)) {
    const means = meaningOfPlace(db, word)
    if (means) found.set(word, means)
  }
  for (const [word, means] of signaturesIn(db, text)) found.set(word, means)
  for (const word of candidatesIn(db, text)) {
    const means = found.has(word) ? undefined : meaningOfWord(db, word)
    if (means && ![...found.keys()].some(known => known.includes(word))) found.set(word, means)
  }
  return [...found].slice(0, MOST_WORDS).map(([word, means]) => ({ text: word, means }))
}

/** How many words are explained: more do not help. */
export const MOST_WORDS = 40

const PLACES =
  /(?:CPUID[.[][\w=,\s]*\]?[.:\w]*|MSR[.(] ?(?:0x)?[0-9A-F]+H?\)?[\w.-]*)(?:\s?\[(?:bit )?\d+\])?|\b(?:0x)?[0-9a-f]+\.\d+[.:]e[abcd]x(?:[.[]\d+\]?)?/gi

/** Leaf, subleaf and register as they stand in messages: `leaf=0x07 (subleaf=0x00), register='EBX'`. */
const LEAVES =
  /\b(?:leaf|level|function)\s*(?:[=:]\s*)?(?:0x)?([0-9a-f]+)h?(?:[\s,(]*(?:subleaf|index)\s*(?:[=:]\s*)?(?:0x)?([0-9a-f]+)h?\)?)?[\s,]*(?:register\s*)?(?:[=:]\s*)?'?(e[abcd]x)\b/gi

/** Places of bits and registers, as `parsePlaceSpelled` reads them. */
function placesIn(text: string): string[] {
  const plain = Array.from(text.matchAll(PLACES), ([whole]) => whole.replace(/[.:]$/, ''))
  const leaves = Array.from(text.matchAll(LEAVES), ([, leaf = '0', subleaf = '0', register = '']) =>
    printRegister(leaf, subleaf, register),
  )
  return [...new Set([...plain, ...leaves])]
}

/** `CPUID.07H.0:EBX`, of hexadecimal numbers as a message has them. */
const printRegister = (leaf: string, subleaf: string, register: string): string =>
  `CPUID.${leaf
    .replace(/^0x|h$/gi, '')
    .toUpperCase()
    .padStart(2, '0')}H.${Number.parseInt(subleaf, 16)}:${register.toUpperCase()}`

function meaningOfPlace(db: Database, word: string): string | undefined {
  const place = parsePlaceSpelled(word)
  if (!place) return undefined
  const features = featuresAt(db, place)
  if (place.bit !== undefined) {
    if (features[0]) return features.map(describeFeature).join('; ')
    return `bit ${place.bit} of ${'msr' in place ? 'an MSR' : 'a register'} that has no feature there`
  }
  const fields = 'leaf' in place ? fieldsOf(place.leaf, place.subleaf ?? 0, place.register) : []
  const names = [...features.map(({ name }) => name), ...fields.map(({ name }) => name)]
  return names.length > 0
    ? `a register of ${names.length} known bits and fields: ${names.join(' ')}`
    : 'a register of which no bit is known'
}

/** The fields of a register that are no features. */
const fieldsOf = (leaf: number, subleaf: number, register: string) =>
  builtinCpuidFields().filter(field => isAt(field, { leaf, subleaf, register: register.toLowerCase() }))

const SIGNATURES =
  /\bfamily\s*(?:[=:]\s*)?(0x[0-9a-f]+|\d+)h?[\s,;|]+(?:cpu\s+)?model\s*(?:[=:]\s*)?(0x[0-9a-f]+|\d+)h?[\s,;|]+(?:model name[^\n]*(?:(?<=\s)|\n\s*))?stepping\s*(?:[=:]\s*)?(0x[0-9a-f]+|\d+)/gi

function signaturesIn(db: Database, text: string): [string, string][] {
  return Array.from(text.matchAll(SIGNATURES), ([whole, ...numbers]) => {
    const [family = 0, model = 0, stepping = 0] = numbers.map(Number)
    return [whole.replace(/\s+/g, ' '), describeSignature(db, { family, model, stepping })]
  })
}

function describeSignature(db: Database, signature: Signature): string {
  const families = db.families.filter(({ versions }) =>
    versions.some(({ model }) => matches(model.signatures, signature)),
  )
  const names = families.map(({ name, note }) => (note ? `${name} (${note})` : name))
  const known = names.length > 0 ? names.join(', ') : 'no model has it'
  return `the signature ${printSignature(signature)}: ${known}`
}

/**
 * Words that may be names. One that could be plain English (`monitor`, `hypervisor`, `apic`) counts where it stands in
 * quotation marks, among other features, behind `+` or `-`, or behind a word such as "feature".
 */
function candidatesIn(db: Database, text: string): string[] {
  const words = Array.from(
    text.matchAll(
      /(['"+]|-(?=\w)|\b(?:features?|flags?|property|policy|name)[:=\s]+'?)?([\w][\w.:/=+-]*\w|\w)('?)/gi,
    ),
  )
  const plain = (word: string) => /^[a-z]+$/i.test(word) && word !== word.toUpperCase()
  const named = (word: string | undefined) => word !== undefined && featuresSpelled(db, word).length > 0
  return words.flatMap(([, before, word = ''], i) => {
    if (!plain(word) || before) return word
    const near = [words[i - 1]?.[2], words[i + 1]?.[2]]
    return near.some(one => named(one) && !plain(one ?? '')) || db.model(word) ? word : []
  })
}

function meaningOfWord(db: Database, word: string): string | undefined {
  const features = /^\d*$/.test(word) ? [] : featuresSpelled(db, word)
  if (features.length > 0) return features.map(describeFeature).join('; ')
  return noteOn(db, word) ?? meaningOfMachine(word) ?? meaningOfEvc(word)
}

const describeFeature = (feature: Feature): string =>
  `the feature ${feature.name} ${placeOf(feature)}${feature.title && `: ${feature.title}`}`

const MACHINE = /^(?:pc-(?:q35|i440fx)|virt|pseries|s390-ccw-virtio|microvm|pc)-[\w.]*\d[\w.]*$/

/** A machine type of QEMU, and whether the known versions have it. */
function meaningOfMachine(word: string): string | undefined {
  if (!MACHINE.test(word)) return undefined
  const releases = builtinReleases()
  const gone = releases.goneIn('qemu', word)
  const old = releases.deprecatedIn('qemu', word)
  const rest = gone ? `; QEMU ${gone} has it no longer` : old ? `; deprecated since QEMU ${old}` : ''
  const by = /-(?:rhel|ubuntu|suse|debian)|rhel\d/.exec(word)
  return `a machine type of ${by ? 'a distribution’s QEMU alone' : 'QEMU'}${rest}`
}

const meaningOfEvc = (word: string): string | undefined =>
  evcModes().some(({ key }) => key === word) ? 'an EVC mode of vSphere' : undefined

/** What is missing on a destination, by registers of which a message shows both sides. */
interface ComparedBits {
  readonly features: readonly Feature[]
  /** A line for each thing that differs. */
  readonly lines: readonly string[]
}

/**
 * What messages that show a register of the source and of the destination say: bits that the source has and the
 * destination lacks hinder, more on the destination does not.
 * @param matches the parts of each message: `leaf`, `register`, `source` and `destination` in hexadecimal, or `required`
 *   and `destination` as vSphere writes bits
 */
export function comparedBits(db: Database, matches: readonly ReadonlyMap<string, string>[]): ComparedBits {
  const all = matches.map(parts => comparedIn(db, parts))
  return {
    features: [...new Set(all.flatMap(({ features }) => features))],
    lines: [...new Set(all.flatMap(({ lines }) => lines))],
  }
}

function comparedIn(db: Database, parts: ReadonlyMap<string, string>): ComparedBits {
  const [leaf, name = ''] = [parts.get('leaf'), parts.get('register')?.toLowerCase()]
  const register = REGISTERS.find(one => one === name)
  const sides = sidesOf(parts)
  if (leaf === undefined || !register || !sides) return { features: [], lines: [] }
  const subleaf = parts.get('subleaf') ?? '0'
  const [number, sub] = [Number.parseInt(leaf, 16), Number.parseInt(subleaf, 16)]
  const place = printRegister(leaf, subleaf, register)
  if (/Num|Equal/i.test(parts.get('check') ?? '')) {
    const titles = fieldsOf(number, sub, register).map(field => `${field.name} (${field.title})`)
    return { features: [], lines: [sayNumber(place, sides, titles), ...sayLeaf(number, sides)] }
  }
  const at = { leaf: number, subleaf: sub, register }
  const named = (bits: U32) => featuresAt(db, at).filter(({ bit }) => ((bits >>> bit) & 1) === 1)
  const [lost, more] = [(sides.source & ~sides.destination) >>> 0, (sides.destination & ~sides.source) >>> 0]
  const features = named(lost)
  const lines = [
    ...sayBits(place, lost, features, 'the source has and the destination lacks'),
    ...(sides.isWhole
      ? sayBits(place, more, named(more), 'only the destination has, which does not hinder:')
      : []),
  ]
  return { features, lines }
}

interface Sides {
  readonly source: U32
  readonly destination: U32
  /** Whether the source's bits are all there, not only those that it needs. */
  readonly isWhole: boolean
}

function sidesOf(parts: ReadonlyMap<string, string>): Sides | undefined {
  const [source, destination, required] = ['source', 'destination', 'required'].map(name => parts.get(name))
  if (destination === undefined) return undefined
  if (source !== undefined)
    return { source: Number(source) >>> 0, destination: Number(destination) >>> 0, isWhole: true }
  if (required === undefined) return undefined
  const bits = (text: string, set: string) =>
    [...text.replace(/[:\s]/g, '')].reduce(
      (word, char) => ((word << 1) | (set.includes(char) ? 1 : 0)) >>> 0,
      0,
    )
  const asked = bits(required, '1T')
  return { source: asked, destination: bits(destination, '1'), isWhole: false }
}

/** `CPUID.07H.0:EBX: the source has and the destination lacks tsc_adjust [1], bit 31` */
function sayBits(place: string, bits: U32, features: readonly Feature[], what: string): string[] {
  const named = new Map(features.map(({ bit, name }) => [bit, name]))
  const words = Array.from({ length: 32 }, (_, bit) => bit)
    .filter(bit => ((bits >>> bit) & 1) === 1)
    .map(bit => (named.has(bit) ? `${named.get(bit)} [${bit}]` : `bit ${bit}`))
  return words.length > 0 ? [`${place}: ${what} ${words.join(', ')}`] : []
}

const sayNumber = (place: string, { source, destination }: Sides, titles: readonly string[]): string =>
  `${place} is a number${titles.length > 0 ? `, ${titles.join(', ')}` : ''}: ${source} on the source, ${destination} on the destination`

/** What it means that a leaf has nothing on the destination. */
function sayLeaf(leaf: number, { source, destination }: Sides): string[] {
  const what = CONTENTS.get(leaf)
  return what && source > 0 && destination === 0 ? [`the destination has no ${what}`] : []
}

const CONTENTS: ReadonlyMap<number, string> = new Map([
  [0x0a, 'performance monitoring (PMU) for guests'],
  [0x0d, 'extended state (XSAVE)'],
  [0x12, 'SGX'],
  [0x14, 'processor trace'],
  [0x1d, 'AMX tiles (amx-tile)'],
  [0x1e, 'AMX multiplication (amx-tile)'],
  [0x24, 'AVX10'],
])
