import deps from '../../data/x86/deps.txt'
import features from '../../data/x86/features.txt'
import amd from '../../data/x86/models/amd.txt'
import generic from '../../data/x86/models/generic.txt'
import hygon from '../../data/x86/models/hygon.txt'
import intel from '../../data/x86/models/intel.txt'
import zhaoxin from '../../data/x86/models/zhaoxin.txt'
import names from '../../data/x86/names.txt'
import walk from '../../data/x86/walk.txt'
import packed from '../../data/x86.packed'
import { type Database, type DatabaseTexts, loadDatabase } from './database.ts'
import { unpack } from './packed.ts'

/** The data that comes with this package, as text. The order of the models is the order of vendor detection. */
export const TEXTS: DatabaseTexts = {
  features,
  models: {
    'models/generic.txt': generic,
    'models/intel.txt': intel,
    'models/amd.txt': amd,
    'models/hygon.txt': hygon,
    'models/zhaoxin.txt': zhaoxin,
  },
  walk,
  names,
  deps,
}

let loaded: Database | undefined

/** The database that comes with this package; read on first use. */
export function builtin(): Database {
  loaded ??= packed ? unpack(packed, () => loadDatabase(TEXTS)) : loadDatabase(TEXTS)
  return loaded
}
