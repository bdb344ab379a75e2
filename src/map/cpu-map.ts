import { dataNames, readDataFile, readPacked } from './data.ts'
import { Database, type DatabaseTexts, loadDatabase } from './database.ts'
import type { MapFiles } from './libvirt/walk.ts'
import { unpack } from './packed.ts'

/** The architectures whose models an installed libvirt's map makes of features; of others it has names at most. */
const MAPPED: readonly string[] = ['x86']

/**
 * What is known of the CPUs of all architectures: by our own data, or by an installed libvirt's map as far as that
 * goes. Nothing is read before it is asked for. Immutable.
 */
export class CpuMap {
  /** An installed map's files; absent: there is our own data alone. */
  readonly files: MapFiles | undefined
  readonly #databases = new Map<string, Database>()

  private constructor(files?: MapFiles, databases: Readonly<Record<string, Database>> = {}) {
    this.files = files
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
