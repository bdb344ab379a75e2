import type { Feature, FeatureClass, Order, Place } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import { BuiltInFeature, FeatureTable } from '../core/feature-table.ts'
import { once } from '../core/memo.ts'
import type { Model, SignatureMatch, Vendor } from '../core/model.ts'
import { Database } from './database.ts'

/**
 * A database as a line of JSON, made from our data files when the package is built: reading those takes a cold
 * process three times as long. A second line has the titles of the features, which is parsed when the first title is
 * asked for. What few answers need (families, features beyond libvirt, other tools' names) is read from the data files
 * when first asked for.
 */
interface Packed {
  readonly words: readonly Place[]
  /** Of each feature: name, number of its bit counted from the first word, order, class. */
  readonly features: readonly (readonly [string, number, Order, FeatureClass?])[]
  readonly blockers: readonly string[]
  readonly vendors: readonly Vendor[]
  /** Of each distinct set: its words as numbers, a comma between. */
  readonly sets: readonly string[]
  readonly models: readonly PackedModel[]
}

interface PackedModel {
  readonly name: string
  readonly set: number
  readonly vendor: number
  readonly signatures: readonly SignatureMatch[]
  readonly host: boolean
  readonly guest: boolean
  readonly compat: boolean
  readonly removed?: readonly string[]
  readonly added?: readonly string[]
  readonly canonical?: string
}

/** `unpack(pack(db), …)` is equal to `db`. Features must be one bit each, as in our data. */
export function pack(db: Database): string {
  const sets = [...new Set(db.models.map(model => printWords(model.features)))]
  const names = (features: readonly Feature[]) => features.map(feature => feature.name)
  const packed: Packed = {
    words: db.features.words,
    features: db.features.list.map(({ name, bits, bit, order, class: of }) => {
      const at = bits.words.findIndex(word => word !== 0) * 32 + bit
      return of ? [name, at, order, of] : [name, at, order]
    }),
    blockers: names(db.features.list.filter(feature => !feature.migratable)),
    vendors: db.vendors,
    sets,
    models: db.models.map(model => ({
      name: model.name,
      set: sets.indexOf(printWords(model.features)),
      vendor: model.vendor ? db.vendors.indexOf(model.vendor) : -1,
      signatures: model.signatures,
      ...model.decode,
      compat: model.compat,
      ...(model.removed.length > 0 ? { removed: names(model.removed) } : {}),
      ...(model.added.length > 0 ? { added: names(model.added) } : {}),
      ...(model.canonical ? { canonical: model.canonical } : {}),
    })),
  }
  return `${JSON.stringify(packed)}\n${JSON.stringify(db.features.list.map(({ title }) => title))}`
}

const printWords = (set: FeatureSet): string => set.words.join(',')

/** @param full the database of the data files, for what is not packed; asked at most once */
export function unpack(text: string, full: () => Database): Database {
  const end = text.indexOf('\n')
  const packed: Packed = JSON.parse(text.slice(0, end))
  const titles = once((): readonly string[] => JSON.parse(text.slice(end)))
  const byBit = new Array<Feature | undefined>(packed.words.length * 32).fill(undefined)
  const list = packed.features.map(([name, at, order, of], index) => {
    const title = () => titles()[index] ?? ''
    const migratable = !packed.blockers.includes(name)
    const facts = { name, order, class: of, migratable }
    const feature = new BuiltInFeature(facts, index, placeAt(packed.words, at), at, title)
    byBit[at] = feature
    return feature
  })
  const features = new FeatureTable(list, packed.words, byBit)
  const sets = packed.sets.map(words => new UnpackedSet(words))
  const models = packed.models.map(
    (row, index) => new UnpackedModel(row, index, packed.vendors[row.vendor], sets[row.set], features),
  )
  return new Database({ features, vendors: packed.vendors, models, rest: once(full) })
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
  readonly #row: PackedModel
  readonly #set: UnpackedSet | undefined
  readonly #table: FeatureTable

  constructor(
    row: PackedModel,
    index: number,
    vendor: Vendor | undefined,
    set: UnpackedSet | undefined,
    table: FeatureTable,
  ) {
    this.name = row.name
    this.index = index
    if (vendor) this.vendor = vendor
    this.signatures = row.signatures
    this.decode = row
    this.compat = row.compat
    if (row.canonical) this.canonical = row.canonical
    this.#row = row
    this.#set = set
    this.#table = table
  }

  get features(): FeatureSet {
    return this.#set?.value ?? FeatureSet.empty
  }

  get removed(): readonly Feature[] {
    return named(this.#table, this.#row.removed)
  }

  get added(): readonly Feature[] {
    return named(this.#table, this.#row.added)
  }
}

const named = (table: FeatureTable, names: readonly string[] = []): readonly Feature[] =>
  names.length === 0 ? NONE : table.named(names)

const NONE: readonly Feature[] = []
