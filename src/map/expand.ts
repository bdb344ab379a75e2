import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import type { Model, SignatureMatch, Vendor } from '../core/model.ts'
import { type DataStatement, faultIn, tokensOf } from './text/data-file.ts'
import { FeatureBits } from './text/delta.ts'
import { ModelFamily, Version, type WalkRow, walkOrder } from './text/family.ts'
import type { FeatureTables } from './text/parse-features.ts'
import {
  type FamilyRow,
  type ItemRow,
  isVersion,
  type ModelsFile,
  readSignatures,
} from './text/parse-models.ts'

/** What a plain name and its version share. */
interface ModelBits {
  readonly features: FeatureSet
  readonly vendor: Vendor | undefined
  readonly signatures: readonly SignatureMatch[]
}

/** What differs between names of one CPU. */
interface ModelUse {
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  readonly compat: boolean
  readonly removed: readonly Feature[]
  readonly added: readonly Feature[]
  readonly canonical: string | undefined
}

/** A model of our own data. */
class BuiltInModel implements Model {
  readonly name: string
  readonly index: number
  readonly features: FeatureSet
  declare readonly vendor?: Vendor
  readonly signatures: readonly SignatureMatch[]
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  readonly compat: boolean
  readonly removed: readonly Feature[]
  readonly added: readonly Feature[]
  declare readonly canonical?: string

  constructor(name: string, index: number, bits: ModelBits, use: ModelUse) {
    this.name = name
    this.index = index
    this.features = bits.features
    if (bits.vendor) this.vendor = bits.vendor
    this.signatures = bits.signatures
    this.decode = use.decode
    this.compat = use.compat
    this.removed = use.removed
    this.added = use.added
    if (use.canonical) this.canonical = use.canonical
  }
}

/** Every `FAMILY-vN`: chosen for hosts, never for guests. */
const VERSIONED: ModelUse = {
  decode: { host: true, guest: false },
  compat: false,
  removed: [],
  added: [],
  canonical: undefined,
}

/** A version that only QEMU has: never chosen. */
const UNNAMED: ModelUse = { ...VERSIONED, decode: { host: false, guest: false } }

/** What is in the brackets of an item. */
interface ItemFlags {
  /** The plain name is never chosen for guests. */
  readonly host?: true
  /** The plain name is chosen neither for guests nor for hosts. */
  readonly never?: true
  /** No compat check of the plain name. */
  readonly exact?: true
  /** Only QEMU has the version: it is no model of libvirt's. */
  readonly qemu?: true
  /** Instead of the family's. */
  readonly later?: string
  /** Instead of the family's. */
  readonly signatures?: readonly SignatureMatch[]
}

/** Reads `host, later @SET`, part of a statement; the empty text has no flags. @throws ParseError */
function parseFlags(text: string, statement: DataStatement): ItemFlags {
  if (text === '') return NONE
  let flags = NONE
  for (const flag of text.split(',')) flags = { ...flags, ...parseFlag(flag.trim(), statement) }
  return flags
}

const NONE: ItemFlags = {}

function parseFlag(flag: string, statement: DataStatement): ItemFlags {
  const [name = '', value, ...more] = tokensOf(flag)
  if (name === 'sig' && value) return { signatures: readSignatures([value, ...more], statement) }
  if (name === 'later' && value && more.length === 0) return { later: value }
  if (!value && (name === 'host' || name === 'never' || name === 'exact' || name === 'qemu'))
    return { [name]: true }
  throw faultIn(statement, 'a flag is host, never, exact, qemu, `later @SET` or `sig …`', name)
}

/** What the files of models say, every model fully expanded. */
interface Expansion {
  /** In detection order. */
  readonly vendors: readonly Vendor[]
  /** File by file. */
  readonly families: readonly ModelFamily[]
  /** In map order. */
  readonly models: readonly Model[]
}

/**
 * Expands families into models, in the order of the files: a name must be known above the line that uses it.
 * @throws ParseError
 */
export function expandFamilies(
  files: readonly ModelsFile[],
  walk: readonly WalkRow[],
  tables: FeatureTables,
): Expansion {
  const order = walkOrder(
    files.flatMap(file => file.families),
    walk,
  )
  const expander = new Expander(tables, order)
  const vendors: Vendor[] = []
  const families: ModelFamily[] = []
  for (const file of files) {
    for (const row of file.vendors) if (row.vendor) vendors.push(row.vendor)
    for (const row of file.sets) expander.bits.define(row)
    for (const row of file.families) families.push(expander.family(row))
  }
  return { vendors, families, models: expander.models }
}

class Expander {
  readonly bits: FeatureBits
  /** In map order, complete when every family is expanded. */
  readonly models: Model[] = []
  readonly #table: FeatureTable
  readonly #order: ReadonlyMap<string, number>
  readonly #byName = new Map<string, Model>()
  readonly #added = new Map<string, readonly Feature[]>()

  constructor({ features, byName }: FeatureTables, order: ReadonlyMap<string, number>) {
    this.#table = features
    this.#order = order
    this.bits = new FeatureBits(byName, features.words.length)
  }

  family(row: FamilyRow): ModelFamily {
    const { name, at } = row
    if (row.items.length === 0) throw faultIn(at, `\`${name}\` has no versions`, name)
    const parent = row.parent ? this.#model(row.parent, at) : undefined
    const versions: Version[] = []
    let base = parent
    for (const item of row.items) {
      if (item.base)
        base = this.#model(isVersion(item.base) ? `${name}-${item.base}` : item.base, item.at, item.base)
      const version = this.#version(item, row, base)
      versions.push(version)
      base = version.model
    }
    return new ModelFamily(row, parent, versions)
  }

  #version(item: ItemRow, family: FamilyRow, base: Model | undefined): Version {
    const { at, plain, version } = item
    const flags = parseFlags(item.flags, at)
    const bits: ModelBits = {
      features: this.bits.apply(item.delta, base?.features ?? FeatureSet.empty, at),
      vendor: family.section?.vendor,
      signatures: flags.signatures ?? family.signatures,
    }
    const canonical = version && `${family.name}-${version}`
    if (flags.qemu) return new Version(item, undefined, this.#addUnnamed(canonical, bits, item), base)
    const versioned = canonical ? this.#add(canonical, bits, VERSIONED, at) : undefined
    const alias = plain ? this.#add(plain, bits, this.#useOf(flags, family, canonical, at), at) : undefined
    return new Version(item, alias, versioned, base)
  }

  /** How a plain name is used. */
  #useOf(flags: ItemFlags, family: FamilyRow, canonical: string | undefined, at: DataStatement): ModelUse {
    return {
      decode: { host: !flags.never, guest: !flags.never && !flags.host },
      compat: !flags.exact,
      removed: family.gone.map(gone => this.bits.feature(gone, family.at)),
      added: this.#addedBy(flags.later ?? family.later, at),
      canonical,
    }
  }

  #addedBy(set: string | undefined, at: DataStatement): readonly Feature[] {
    if (!set) return []
    const known = this.#added.get(set)
    if (known) return known
    const features = this.#table.in(this.bits.set(set, at))
    this.#added.set(set, features)
    return features
  }

  /** A version of QEMU's, beside the models of the map. */
  #addUnnamed(name: string | undefined, bits: ModelBits, { at, plain }: ItemRow): Model {
    if (!name || plain) throw faultIn(at, 'only a version without a plain name can be `qemu`')
    if (this.#byName.has(name)) throw faultIn(at, `\`${name}\` is there already`)
    const model = new BuiltInModel(name, -1, bits, UNNAMED)
    this.#byName.set(name, model)
    return model
  }

  /** The walk names every model of every family, so each has its index. */
  #add(name: string, bits: ModelBits, use: ModelUse, at: DataStatement): Model {
    const index = this.#order.get(name)
    if (index === undefined) throw new RangeError(`${name} has no place in the walk`)
    if (this.#byName.has(name)) throw faultIn(at, `\`${name}\` is there already`)
    const model = new BuiltInModel(name, index, bits, use)
    this.#byName.set(name, model)
    this.models[index] = model
    return model
  }

  /** @param written how the line calls the model */
  #model(name: string, at: DataStatement, written = name): Model {
    const model = this.#byName.get(name)
    if (!model) throw faultIn(at, `no model above is called \`${name}\``, written)
    return model
  }
}
