import features from '../../../data/riscv64/features.txt'
import models from '../../../data/riscv64/models/profiles.txt'
import walk from '../../../data/riscv64/walk.txt'
import { type Database, type DatabaseTexts, loadDatabase } from '../../map/database.ts'

export const TEXTS: DatabaseTexts = { features, models: { 'models/profiles.txt': models }, walk }

/** The extensions, and the profiles as models. libvirt has no map of RISC-V. @throws ParseError */
export function profiles(): Database {
  loaded ??= loadDatabase(TEXTS)
  return loaded
}

let loaded: Database | undefined
