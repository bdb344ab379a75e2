import type { HostCpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'
import { type Architecture, asHost, type Driver, IDENTICAL } from '../driver.ts'
import {
  fleetCpusOf,
  greatestModel,
  levelsOf,
  ModelFold,
  overlookedIn,
  type Switches,
  viewOfModels,
} from '../model-fold.ts'

/** libvirt knows no RISC-V models: QEMU does. */
export const riscv64: Architecture = {
  name: 'riscv64',
  arches: ['riscv64'],
  data: { folder: 'riscv64' },
  create: riscvDriver,
}

/** The features are the extensions, the models the profiles. */
function riscvDriver(map: CpuMap): Driver {
  const profiles = () => map.of('riscv64')
  const fleet = once(() => fleetOf(profiles()))
  return {
    architecture: riscv64,
    get db() {
      return profiles()
    },
    get view() {
      return viewOfModels(profiles())
    },
    get fleet() {
      return fleet()
    },
    compare: () => IDENTICAL,
    overlooked: (host, cpu) => overlookedIn(profiles(), host, cpu),
    update: (guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
    bestDetect: (arch, registers) => detectRiscv(profiles(), arch, registers),
    flagPlace: flag => profiles().features.placeInRegister(flag),
    bestFold: () => new ModelFold(switches(profiles())),
  }
}

/** What every Linux since 6.6 lists; what it does not list of the rest may be there all the same. */
const LISTED =
  'i m a f d c v h zicbom zicboz zicntr zicsr zifencei zihintpause zihpm zba zbb zbs sscofpmf sstc svinval svnapot svpbmt'.split(
    ' ',
  )

/** A pool's level is the greatest profile that all of its hosts have. */
const fleetOf = (db: Database) =>
  fleetCpusOf(db, {
    levels: levelsOf(db.models),
    listed: db.features.setOfNames(LISTED),
    caveat:
      'libvirt compares no RISC-V hosts and QEMU does not check what a guest moves to: this is by the extensions that ' +
      'Linux lists',
  })

/** KVM lets QEMU switch extensions off one by one; a profile is what has all of it. */
const switches = (db: Database): Switches => ({
  db,
  properties: db.features.all,
  mayLack: FeatureSet.empty,
})

/**
 * The definition of a host with these extensions: the greatest profile, and what there is beyond it.
 * @throws LibvirtError where it is of no profile
 */
function detectRiscv(db: Database, arch: string, registers: NamedRegisters): HostCpu {
  const set = db.features.setOfRegisters(registers)
  const profile = greatestModel(switches(db), set)
  if (!profile) throw internalError('Cannot find suitable CPU model for given data')
  const features = db.features.in(set.minus(profile.features)).map(({ name }) => ({ name }))
  return { type: 'host', arch, detected: true, model: profile.name, features }
}
