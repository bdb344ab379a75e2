import type { U32 } from '../../core/bits.ts'
import {
  type Feature,
  type FeatureClass,
  type Order,
  type Place,
  placeKey,
  type Register,
} from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { children, type Element } from '../../xml/element.ts'

/** The features of an installed map, in its order; a feature may have several bits, in several words. */
export class MapFeatures {
  readonly list: Feature[] = []
  /** In order of first use, so that bits ascend with map order where the map's files do. */
  readonly words: Place[] = []
  readonly #byName = new Map<string, Feature>()
  readonly #wordOf = new Map<string, number>()
  readonly #known: FeatureTable | undefined

  /** @param known has the order, class and title of features by their names */
  constructor(known?: FeatureTable) {
    this.#known = known
  }

  get(name: string): Feature | undefined {
    return this.#byName.get(name)
  }

  /** Reads `<feature>`. @throws LibvirtError */
  add(element: Element, name: string): void {
    if (this.#byName.has(name)) throw internalError(`CPU feature ${name} already defined`)
    const migratable = element.attributes.migratable !== 'no'
    const bits = this.#setOf(dataOf(element))
    const { place, bit } = this.#lowest(bits)
    const facts = { name, index: this.list.length, bits, place, bit, migratable }
    const feature = new MapFeature(facts, this.#known?.get(name))
    this.list.push(feature)
    this.#byName.set(name, feature)
  }

  #setOf(data: readonly Data[]): FeatureSet {
    const sets = data.map(({ place, mask }) => FeatureSet.one(this.#wordAt(place), mask))
    return sets.length === 1 && sets[0] ? sets[0] : sets.reduce((all, set) => all.join(set), FeatureSet.empty)
  }

  #wordAt(place: Place): number {
    const key = placeKey(place)
    const known = this.#wordOf.get(key)
    if (known !== undefined) return known
    this.#wordOf.set(key, this.words.length)
    return this.words.push(place) - 1
  }

  /** Where a feature is said to be; one without bits is said to be where it cannot be. */
  #lowest({ words, start }: FeatureSet): { place: Place; bit: number } {
    let at = start
    while (at < words.length && words[at] === 0) at++
    const word = words[at] ?? 0
    return { place: this.words[at] ?? NOWHERE, bit: word === 0 ? 0 : 31 - Math.clz32(word & -word) }
  }
}

/** What the map itself contains about a feature. */
type FeatureFacts = Pick<Feature, 'name' | 'index' | 'bits' | 'place' | 'bit' | 'migratable'>

/** A feature of an installed map; what maps do not contain is taken from the `known` feature of that name. */
class MapFeature implements Feature {
  readonly name: string
  readonly index: number
  readonly bits: FeatureSet
  readonly place: Place
  readonly bit: number
  readonly migratable: boolean
  readonly order: Order
  readonly class?: FeatureClass
  readonly #known: Feature | undefined

  constructor({ name, index, bits, place, bit, migratable }: FeatureFacts, known: Feature | undefined) {
    this.name = name
    this.index = index
    this.bits = bits
    this.place = place
    this.bit = bit
    this.migratable = migratable
    this.order = known?.order ?? '&'
    if (known?.class) this.class = known.class
    this.#known = known
  }

  /** Reading titles takes longer than reading the whole map, and few are asked for. */
  get title(): string {
    return this.#known?.title ?? ''
  }
}

const NOWHERE: Place = { kind: 'cpuid', leaf: 0, subleaf: 0, register: 'eax', indexed: false }

/** Bits of one word. */
interface Data {
  readonly place: Place
  readonly mask: U32
}

const REGISTERS: readonly Register[] = ['eax', 'ebx', 'ecx', 'edx']

/** The bits of a `<feature>`: all that is neither `<alias>` nor `<cpuid>` is an MSR, as libvirt has it. */
function dataOf(element: Element): Data[] {
  const items = children(element)
  if (items.length === 0) throw internalError('no x86 CPU data found')
  const data: Data[] = []
  let count = 0
  for (const item of items) {
    if (item.name === 'alias') continue
    const read = item.name === 'cpuid' ? cpuidOf(item) : msrOf(item)
    if (!read) throw internalError(`Invalid ${item.name === 'cpuid' ? 'cpuid' : 'msr'}[${count}]`)
    data.push(...read.filter(({ mask }) => mask !== 0))
    count++
  }
  return data
}

function cpuidOf({ attributes }: Element): Data[] | undefined {
  const leaf = parseC(attributes.eax_in)
  const subleaf = parseC(attributes.ecx_in ?? '0')
  const indexed = attributes.ecx_in !== undefined
  if (leaf === undefined || subleaf === undefined) return undefined
  const data: Data[] = []
  for (const register of REGISTERS) {
    const text = attributes[register]
    if (text === undefined) continue
    const mask = parseC(text)
    if (mask === undefined) return undefined
    data.push({ place: { kind: 'cpuid', leaf, subleaf, register, indexed }, mask })
  }
  return data
}

function msrOf({ attributes }: Element): Data[] | undefined {
  const index = parseC(attributes.index)
  const low = parseC(attributes.eax)
  const high = parseC(attributes.edx)
  if (index === undefined || low === undefined || high === undefined) return undefined
  return [
    { place: { kind: 'msr', index, half: 'low' }, mask: low },
    { place: { kind: 'msr', index, half: 'high' }, mask: high },
  ]
}

const NUMBER = /^[ \t\n\v\f\r]*\+?(?:0[xX]([\da-fA-F]+)|0([0-7]*)|([1-9]\d*))$/

/** An unsigned 32-bit number as C's strtoul reads it with base 0: decimal, `0x` hexadecimal or `0` octal. */
function parseC(text: string | undefined): U32 | undefined {
  const match = NUMBER.exec(text ?? '')
  if (!match) return undefined
  const [, hexadecimal, octal, decimal] = match
  const digits = hexadecimal ?? decimal ?? `0${octal}`
  const number = Number.parseInt(digits, hexadecimal ? 16 : decimal ? 10 : 8)
  return number <= 0xffff_ffff ? number : undefined
}
