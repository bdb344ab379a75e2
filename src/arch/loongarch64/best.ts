import type { Cpu, NamedRegisters } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { FlagPlace, Fold } from '../driver.ts'
import { greatestModel, ModelFold, type Switches } from '../model-fold.ts'
import { flagPlaceIn, setOfRegisters } from '../named-registers.ts'
import { cores } from './models.ts'

/** Where a word of Linux's stands. */
export const flagPlace = (flag: string): FlagPlace | undefined => flagPlaceIn(cores().features, flag)

/** The properties of QEMU's cores. */
const PROPERTIES = ['lsx', 'lasx']

/** What every Linux tells in `/proc/cpuinfo`. Page walks are listed by later ones alone, the rest by none. */
const LISTED =
  `gr32 gr64 cpucfg lam ual fpu lsx lasx crc32 complex crypto lvz lbt_x86 lbt_arm lbt_mips`.split(' ')

function setOf(names: readonly string[]): FeatureSet {
  const { features } = cores()
  return features.setOf(names.flatMap(name => features.get(name) ?? []))
}

const switches = (): Switches => ({ db: cores(), properties: setOf(PROPERTIES), mayLack: setOf(PROPERTIES) })

/** Beyond libvirt: the core of QEMU's that all hosts have, without the vectors that only some have. */
export const bestFold = (): Fold => new ModelFold(switches())

/**
 * Beyond libvirt: the host whose features Linux lists, by the greatest core of QEMU's and what there is beyond it.
 * Which core it really is Linux tells by a name of the vendor's alone.
 * @throws LibvirtError where it is no such core
 */
export function bestDetect(_: Database, arch: string, registers: NamedRegisters): Cpu {
  const { features: table, vendors } = cores()
  const set = setOfRegisters(table, registers)
  const model = greatestModel({ ...switches(), mayLack: setOf([]) }, set, setOf(LISTED))
  if (!model) throw internalError('Cannot find suitable CPU model for given data')
  return {
    type: 'host',
    arch,
    mode: 'custom',
    model: model.name,
    vendor: vendors[0]?.name,
    features: table.in(set.minus(model.features)).map(({ name }) => ({ name })),
  }
}
