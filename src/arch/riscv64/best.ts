import type { Cpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { FlagPlace, Fold } from '../driver.ts'
import { greatestModel, ModelFold, type Switches } from '../model-fold.ts'
import { flagPlaceIn, setOfRegisters } from '../named-registers.ts'
import { profiles } from './models.ts'

/** Where a name of the ISA string stands. */
export const flagPlace = (flag: string): FlagPlace | undefined => flagPlaceIn(profiles().features, flag)

/** KVM lets QEMU switch extensions off one by one; a profile is what has all of it. */
const switches = (): Switches => {
  const db = profiles()
  return { db, properties: db.features.all, mayLack: FeatureSet.empty }
}

/** Beyond libvirt: the extensions that all hosts have, on the greatest profile that they make. */
export const bestFold = (): Fold => new ModelFold(switches())

/** The definition of a host with these extensions: the greatest profile, and what there is beyond it. */
export function bestDetect(_: Database, arch: string, registers: NamedRegisters): Cpu {
  const { features: table } = profiles()
  const set = setOfRegisters(table, registers)
  const profile = greatestModel(switches(), set)
  if (!profile) throw internalError('Cannot find suitable CPU model for given data')
  const features = table.in(set.minus(profile.features)).map(({ name }) => ({ name }))
  return { type: 'host', arch, mode: 'custom', model: profile.name, features }
}
