import deps from '../../data/x86/deps.txt'
import features from '../../data/x86/features.txt'
import amd from '../../data/x86/models/amd.txt'
import generic from '../../data/x86/models/generic.txt'
import hygon from '../../data/x86/models/hygon.txt'
import intel from '../../data/x86/models/intel.txt'
import zhaoxin from '../../data/x86/models/zhaoxin.txt'
import names from '../../data/x86/names.txt'
import walk from '../../data/x86/walk.txt'
import type { DatabaseTexts } from './database.ts'

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
