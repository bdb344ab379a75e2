import type { Feature, FeatureClass, Order, Place } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import { BuiltInFeature, FeatureTable } from '../core/feature-table.ts'
import { once } from '../core/memo.ts'
import type { Model, SignatureMatch, Vendor } from '../core/model.ts'
import { Database } from './database.ts'

/**
 * A database as JSON, made from our data files when the package is built: reading those takes a cold process three times
 * as long. The titles of the features are a file of their own, read when the first one is asked for. What few answers need (families, features beyond libvirt, other tools' names) is read from the data files
 * when first asked for.
 */
interface Packed {
  readonly words: readonly Place[]
  readonly features: PackedFeatures
  readonly blockers: readonly string[]
  readonly vendors: readonly Vendor[]
  /** Of each distinct set: its words as numbers, a comma between. */
  readonly sets: readonly string[]
  /** The distinct lists of them. */
  readonly signatures: readonly (readonly SignatureMatch[])[]
  /** The distinct lists of features beside sets: their names, a space between. */
  readonly lists: readonly string[]
  readonly models: readonly PackedModel[]
}

/** Column by column: a row each would be an object for each feature, for nothing. */
interface PackedFeatures {
  /** A space between. */
  readonly names: string
  /** Numbers of their bits, counted from the first word. */
  readonly bits: readonly number[]
  /** A character each. */
  readonly orders: string
  /** Those that any feature has. */
  readonly classes: readonly FeatureClass[]
  /** The number of its class, a digit each; 9: none. */
  readonly classOf: string
}

/** Name, and the numbers of its set, vendor (-1: none), signatures and flags; what few models have. */
type PackedModel = readonly [string, number, number, number, number, PackedModelMore?]

interface PackedModelMore {
  /** The number of a list. */
  readonly removed?: number
  readonly added?: number
  readonly canonical?: string
}

/** The bits of a model's flags: for whom decoding may choose it, and whether a partial check compares bits. */
const HOST = 1
const GUEST = 2
const COMPAT = 4

const NOBODY = { host: false, guest: false }
const DECODE = [
  NOBODY,
  { host: true, guest: false },
  { host: false, guest: true },
  { host: true, guest: true },
]

/** What `unpack` makes of it is equal to `db`. Features must be one bit each, as in our data. */
export function pack(db: Database): { readonly text: string; readonly titles: string } {
  const sets = [...new Set(db.models.map(model => printWords(model.features)))]
  const signatures = [...new Set(db.models.map(model => JSON.stringify(model.signatures)))]
  const names = (features: readonly Feature[]) => features.map(feature => feature.name)
  const lists = [...new Set(db.models.flatMap(model => [model.removed, model.added].map(printNames)))]
  const packed: Packed = {
    words: db.features.words,
    features: packFeatures(db.features.list),
    blockers: names(db.features.list.filter(feature => !feature.migratable)),
    vendors: db.vendors,
    sets,
    signatures: signatures.map(text => JSON.parse(text)),
    lists,
    models: db.models.map(model => {
      const { decode, compat, removed, added, canonical } = model
      const more = {
        ...(removed.length > 0 ? { removed: lists.indexOf(printNames(removed)) } : {}),
        ...(added.length > 0 ? { added: lists.indexOf(printNames(added)) } : {}),
        ...(canonical ? { canonical } : {}),
      }
      const numbers = [
        sets.indexOf(printWords(model.features)),
        model.vendor ? db.vendors.indexOf(model.vendor) : -1,
        signatures.indexOf(JSON.stringify(model.signatures)),
        (decode.host ? HOST : 0) | (decode.guest ? GUEST : 0) | (compat ? COMPAT : 0),
      ] as const
      return Object.keys(more).length > 0 ? [model.name, ...numbers, more] : [model.name, ...numbers]
    }),
  }
  const titles = db.features.list.map(({ title }) => title)
  return { text: JSON.stringify(packed), titles: JSON.stringify(titles) }
}

function packFeatures(list: readonly Feature[]): PackedFeatures {
  const classes = [...new Set(list.flatMap(({ class: of }) => of ?? []))]
  return {
    names: printNames(list),
    bits: list.map(({ bits, bit }) => bits.words.findIndex(word => word !== 0) * 32 + bit),
    orders: list.map(({ order }) => order).join(''),
    classes,
    classOf: list.map(({ class: of }) => (of ? classes.indexOf(of) : NO_CLASS)).join(''),
  }
}

const NO_CLASS = 9

const printNames = (features: readonly Feature[]): string => features.map(({ name }) => name).join(' ')

const printWords = (set: FeatureSet): string => set.words.join(',')

/**
 * @param readTitles asked at most once, as is
 * @param full the database of the data files, for what is not packed
 */
export function unpack(text: string, readTitles: () => string, full: () => Database): Database {
  const packed: Packed = JSON.parse(text)
  const titles = once((): readonly string[] => JSON.parse(readTitles()))
  const features = new FeatureTable(() => unpackFeatures(packed, titles), packed.words)
  const sets = packed.sets.map(words => new UnpackedSet(words))
  const models = packed.models.map((row, index) => new UnpackedModel(row, index, packed, sets, features))
  return new Database({ features, vendors: packed.vendors, models, rest: once(full) })
}

function unpackFeatures({ features, words, blockers }: Packed, titles: () => readonly string[]): Feature[] {
  const titleOf = (index: number) => titles()[index] ?? ''
  return features.names.split(' ').map((name, index) => {
    const order = features.orders[index] as Order
    const of = features.classes[Number(features.classOf[index])]
    const at = features.bits[index] ?? 0
    const facts = { name, order, class: of, migratable: !blockers.includes(name) }
    return new BuiltInFeature(facts, index, placeAt(words, at), at, titleOf)
  })
}

function placeAt(words: readonly Place[], at: number): Place {
  const place = words[at >>> 5]
  if (!place) throw new RangeError(`no word for bit ${at}`)
  return place
}

/** A set that stays text until it is asked for; names of one CPU share it. */
class UnpackedSet {
  readonly #words: string
  #set: FeatureSet | undefined

  constructor(words: string) {
    this.#words = words
  }

  get value(): FeatureSet {
    this.#set ??= FeatureSet.of(JSON.parse(`[${this.#words}]`))
    return this.#set
  }
}

class UnpackedModel implements Model {
  readonly name: string
  readonly index: number
  declare readonly vendor?: Vendor
  readonly signatures: readonly SignatureMatch[]
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  readonly compat: boolean
  declare readonly canonical?: string
  readonly #more: PackedModelMore | undefined
  readonly #lists: readonly string[]
  readonly #set: UnpackedSet | undefined
  readonly #table: FeatureTable

  constructor(
    row: PackedModel,
    index: number,
    packed: Packed,
    sets: readonly UnpackedSet[],
    table: FeatureTable,
  ) {
    this.name = row[0]
    this.index = index
    const flags = row[4]
    const more = row[5]
    const known = packed.vendors[row[2]]
    if (known) this.vendor = known
    this.signatures = packed.signatures[row[3]] ?? []
    this.decode = DECODE[flags & (HOST | GUEST)] ?? NOBODY
    this.compat = (flags & COMPAT) !== 0
    if (more?.canonical) this.canonical = more.canonical
    this.#more = more
    this.#lists = packed.lists
    this.#set = sets[row[1]]
    this.#table = table
  }

  get features(): FeatureSet {
    return this.#set?.value ?? FeatureSet.empty
  }

  get removed(): readonly Feature[] {
    return this.#listed(this.#more?.removed)
  }

  get added(): readonly Feature[] {
    return this.#listed(this.#more?.added)
  }

  #listed(list: number | undefined): readonly Feature[] {
    return list === undefined ? NONE : this.#table.named(this.#lists[list]?.split(' ') ?? [])
  }
}

const NONE: readonly Feature[] = []
