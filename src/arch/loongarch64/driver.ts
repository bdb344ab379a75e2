import type { HostCpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'
import { type Architecture, type Driver, IDENTICAL } from '../driver.ts'
import {
  fleetCpusOf,
  greatestModel,
  ModelFold,
  overlookedIn,
  type Switches,
  viewOfModels,
} from '../model-fold.ts'

/** libvirt knows no LoongArch models, and leaves host-model as it is. QEMU has cores. */
export const loongarch64: Architecture = {
  name: 'LoongArch',
  arches: ['loongarch64'],
  data: { folder: 'loongarch64' },
  create: loongarchDriver,
}

/** The models are QEMU's cores. */
function loongarchDriver(map: CpuMap): Driver {
  const cores = () => map.of('loongarch64')
  const fleet = once(() => fleetOf(cores()))
  return {
    architecture: loongarch64,
    get db() {
      return cores()
    },
    get view() {
      return viewOfModels(cores())
    },
    get fleet() {
      return fleet()
    },
    compare: () => IDENTICAL,
    overlooked: (host, cpu) => overlookedIn(cores(), host, cpu),
    update: guest => guest,
    bestDetect: (arch, registers) => detectLoongarch(cores(), arch, registers),
    flagPlace: flag => cores().features.placeInRegister(flag),
    bestFold: () => new ModelFold(switches(cores())),
  }
}

/**
 * The level is a version that programs are built for. Of la64v1.1 nothing tells ld-seq-sa.
 * @see Toolchain Conventions of the LoongArch Architecture, ISA version targets
 */
const fleetOf = (db: Database) =>
  fleetCpusOf(db, {
    levels: [{ name: 'la64v1.0', needs: db.features.setOfNames(['gr64', 'fpu', 'lsx']), unknown: [] }],
    listed: db.features.setOfNames(LISTED),
    caveat:
      'libvirt compares no LoongArch hosts and QEMU does not check what a guest moves to: this is by the features that ' +
      'Linux lists',
  })

/** The properties of QEMU's cores. */
const PROPERTIES = ['lsx', 'lasx']

/** What every Linux lists in `/proc/cpuinfo`. Page walks and CRC are listed by later ones alone, the rest by none. */
const LISTED = `gr32 gr64 cpucfg lam ual fpu lsx lasx complex crypto lvz lbt_x86 lbt_arm lbt_mips`.split(' ')

function switches(db: Database): Switches {
  const properties = db.features.setOfNames(PROPERTIES)
  return { db, properties, mayLack: properties }
}

/**
 * Beyond libvirt: the host whose features Linux lists, by the greatest core of QEMU's and what there is beyond it.
 * Linux reports the core only by a name of the vendor's own.
 * @throws LibvirtError where it is no such core
 */
function detectLoongarch(db: Database, arch: string, registers: NamedRegisters): HostCpu {
  const set = db.features.setOfRegisters(registers)
  const model = greatestModel(
    { ...switches(db), mayLack: FeatureSet.empty },
    set,
    db.features.setOfNames(LISTED),
  )
  if (!model) throw internalError('Cannot find suitable CPU model for given data')
  return {
    type: 'host',
    arch,
    detected: true,
    model: model.name,
    vendor: db.vendors[0]?.name,
    features: db.features.in(set.minus(model.features)).map(({ name }) => ({ name })),
  }
}
