import packed from '../../data/x86.packed'
import { type Database, loadDatabase } from './database.ts'
import { unpack } from './packed.ts'
import { TEXTS } from './texts.ts'

export { TEXTS }

let loaded: Database | undefined

/** The database that comes with this package; read on first use. */
export function builtin(): Database {
  loaded ??= packed ? unpack(packed, () => loadDatabase(TEXTS)) : loadDatabase(TEXTS)
  return loaded
}
