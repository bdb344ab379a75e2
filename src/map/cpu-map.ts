import type { Feature } from '../core/feature.ts'
import { FeatureTable } from '../core/feature-table.ts'
import { DEFAULT_LIBVIRT, isAtLeast, type LibvirtVersion } from '../core/libvirt-version.ts'
import type { Model } from '../core/model.ts'
import { dataNames, readDataFile, readPacked } from './data.ts'
import { Database, type DatabaseTexts, loadDatabase } from './database.ts'
import type { MapFiles } from './libvirt/walk.ts'
import { unpack } from './packed.ts'
import { builtinReleases } from './releases.ts'
import { ModelFamily, Version } from './text/family.ts'

type ReadInstalled = (files: MapFiles, name: string, known: Database) => Database

/** The architectures whose models an installed libvirt's map makes of features; of others it has names at most. */
const MAPPED: readonly string[] = ['x86']

/**
 * What is known of the CPUs of all architectures: by our own data, or by an installed libvirt's map as far as that
 * goes. Nothing is read before it is asked for. Immutable.
 */
export class CpuMap {
  /** An installed map's files; absent: there is our own data alone. */
  readonly files: MapFiles | undefined
  /** Whether a model, a feature or a vendor's twelve bytes are known to the libvirt whose map this is. */
  readonly knows: Knows
  readonly #databases = new Map<string, Database>()
  #readInstalled: ReadInstalled | undefined
  /** What this is a part of; absent: it is all. */
  #whole: CpuMap | undefined
  /** Its parts, by the version of libvirt that was looked at. */
  readonly #parts = new Map<string, CpuMap>()

  private constructor(
    files?: MapFiles,
    databases: Readonly<Record<string, Database>> = {},
    knows: Knows = () => true,
  ) {
    this.files = files
    this.knows = knows
    for (const [name, database] of Object.entries(databases)) this.#databases.set(name, database)
  }

  /** The data that comes with this package. */
  static builtIn(): CpuMap {
    ours ??= new CpuMap()
    return ours
  }

  /**
   * The map that these files are, for `installedMap` alone: our own data needs no reader of theirs.
   * @param read the database of an architecture; `known` is what our own data says of it
   */
  static read(files: MapFiles, read: ReadInstalled): CpuMap {
    const map = new CpuMap(files)
    map.#readInstalled = read
    return map
  }

  /** Our own data, with other databases in place of some of its own. */
  static with(databases: Readonly<Record<string, Database>>): CpuMap {
    return new CpuMap(undefined, databases)
  }

  /**
   * Our data as far as a version of libvirt knows it. A name without a release date is known from the first inspected
   * version that has it. An installed map is one version's already.
   */
  asOf(version: LibvirtVersion): CpuMap {
    const whole = this.#whole ?? this
    return this.files || isAtLeast(version, DEFAULT_LIBVIRT) ? whole : whole.#partOf(version)
  }

  #partOf(version: LibvirtVersion): CpuMap {
    const releases = builtinReleases()
    const looked = releases.latest('libvirt', version)
    let part = this.#parts.get(looked)
    if (!part) {
      part = new CpuMap(undefined, {}, name => releases.knows('libvirt', looked, name))
      part.#whole = this
      this.#parts.set(looked, part)
    }
    return part
  }

  /**
   * The models and features of an architecture, called as `index.xml` and our folders call it: `x86` serves i686 too.
   * @throws LibvirtError with libvirt's texts for what it refuses to load, ParseError for malformed text, RangeError
   *   for an architecture whose models are not made of features
   */
  of(name: string): Database {
    let database = this.#databases.get(name)
    if (!database) {
      database = this.#read(name)
      this.#databases.set(name, database)
    }
    return database
  }

  #read(name: string): Database {
    if (this.#whole) {
      const whole = this.#whole.of(name)
      return MAPPED.includes(name) ? narrowDatabase(whole, this.knows) : whole
    }
    if (!this.files) return readOurs(name)
    const known = CpuMap.builtIn().of(name)
    return MAPPED.includes(name) ? (this.#readInstalled?.(this.files, name, known) ?? known) : known
  }
}

let ours: CpuMap | undefined

function readOurs(name: string): Database {
  const packed = readPacked(name)
  const read = () => loadDatabase(databaseTexts(name))
  return packed === undefined ? read() : unpack(packed, () => readPacked(`${name}-titles`) ?? '[]', read)
}

/** Our data files of an architecture whose models are made of features. @throws RangeError where they are not */
export function databaseTexts(name: string): DatabaseTexts {
  const own = dataNames(name).map(path => path.slice(name.length + 1))
  const text = (file: string) => readDataFile(`${name}/${file}`)
  const optional = (file: string) => (own.includes(file) ? text(file) : undefined)
  return {
    features: text('features.txt'),
    models: Object.fromEntries(
      own.filter(file => file.startsWith('models/')).map(file => [file, text(file)]),
    ),
    walk: text('walk.txt'),
    names: optional('names.txt'),
    deps: optional('deps.txt'),
  }
}

/** Whether a model, a feature or a vendor's twelve bytes of CPUID are known. */
export type Knows = (name: string) => boolean

/** What is known of a database, in its order: the words are the same, and bits of features that are not known mean nothing. */
export function narrowDatabase(db: Database, knows: Knows): Database {
  const features = new FeatureTable(
    db.features.list.filter(({ name }) => knows(name)),
    db.features.words,
  )
  const models = db.models.filter(({ name }) => knows(name)).map(model => narrowModel(model, features, knows))
  return new Database({
    features,
    vendors: db.vendors.filter(({ id }) => knows(id)),
    models,
    whole: { db, families: () => narrowFamilies(db, models, knows) },
  })
}

/** A model without what is not known; the same object where that is nothing. */
function narrowModel(model: Model, table: FeatureTable, knows: Knows): Model {
  const { name, index, vendor, signatures, decode, compat, canonical, features } = model
  const [removed, added] = [knownOf(model.removed, table), knownOf(model.added, table)]
  const hidesCanonical = canonical !== undefined && !knows(canonical)
  const isWhole =
    features.leq(table.all) &&
    removed.length === model.removed.length &&
    added.length === model.added.length &&
    !hidesCanonical
  if (isWhole) return model
  return {
    ...{ name, index, signatures, decode, compat, removed, added },
    features: features.meet(table.all),
    ...(vendor && { vendor }),
    ...(canonical !== undefined && !hidesCanonical && { canonical }),
  }
}

const knownOf = (features: readonly Feature[], table: FeatureTable): readonly Feature[] =>
  features.flatMap(({ name }) => table.get(name) ?? [])

/** Families without the versions that have no known name. */
function narrowFamilies(db: Database, models: readonly Model[], knows: Knows): ModelFamily[] {
  const byName = new Map(models.map(model => [model.name, model]))
  const known = (model: Model | undefined) =>
    model && knows(model.name) ? (byName.get(model.name) ?? model) : undefined
  return db.families.flatMap(family => {
    const versions = family.versions
      .map(({ row, plain, versioned, base }) => new Version(row, known(plain), known(versioned), known(base)))
      .filter(({ plain, versioned }) => plain ?? versioned)
    return versions.length > 0 ? [new ModelFamily(family.row, known(family.parent), versions)] : []
  })
}
