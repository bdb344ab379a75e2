import features from '../../../data/loongarch64/features.txt'
import models from '../../../data/loongarch64/models/cores.txt'
import walk from '../../../data/loongarch64/walk.txt'
import { type Database, type DatabaseTexts, loadDatabase } from '../../map/database.ts'

export const TEXTS: DatabaseTexts = { features, models: { 'models/cores.txt': models }, walk }

/** The features, and QEMU's cores as models. libvirt has no map of LoongArch. @throws ParseError */
export function cores(): Database {
  loaded ??= loadDatabase(TEXTS)
  return loaded
}

let loaded: Database | undefined
