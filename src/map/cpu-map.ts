import { DEFAULT_LIBVIRT, isAtLeast, type LibvirtVersion } from '../core/libvirt-version.ts'
import { dataNames, readDataFile, readPacked } from './data.ts'
import { Database, type DatabaseTexts, loadDatabase } from './database.ts'
import type { MapFiles } from './libvirt/walk.ts'
import { type Knows, narrowDatabase } from './narrow.ts'
import { unpack } from './packed.ts'
import { builtinReleases } from './releases.ts'

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
   * An installed libvirt's map, so that answers equal that host's libvirt, old or new.
   * @param files the text of a file of the map's directory, by file name
   */
  static installed(files: MapFiles): CpuMap {
    return new CpuMap(files)
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
    return MAPPED.includes(name) ? Database.fromCpuMap(this.files, name, known) : known
  }
}

let ours: CpuMap | undefined

function readOurs(name: string): Database {
  const packed = readPacked(name)
  const read = () => loadDatabase(databaseTexts(name))
  return packed === undefined ? read() : unpack(packed, read)
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
