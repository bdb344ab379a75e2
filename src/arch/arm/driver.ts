import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { type Architecture, type Comparison, type Driver, IDENTICAL, incompatible } from '../driver.ts'
import { asHost } from '../host-model.ts'
import { flagPlaceIn } from '../named-registers.ts'
import { FirstFold, MeetFold } from './baseline.ts'
import { bestDetectArm, detectArm } from './detect.ts'
import { fleetCpusOfArm } from './fleet.ts'
import { ArmModels, LISTS } from './models.ts'

export const arm: Architecture = {
  name: 'arm',
  arches: ['armv6l', 'armv7b', 'armv7l', 'aarch64'],
  data: { folder: 'arm', lists: LISTS },
  create: armDriver,
}

function armDriver(map: CpuMap): Driver {
  const models = new ArmModels(map)
  const fleet = once(() => fleetCpusOfArm(models))
  return {
    architecture: arm,
    get view() {
      return models.view
    },
    get fleet() {
      return fleet()
    },
    compare: compareArm,
    overlooked: (host, cpu) =>
      cpu.type === 'host'
        ? { missing: models.hwcaps().in(models.flagsOf(cpu).minus(models.flagsOf(host))) }
        : undefined,
    update: (guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
    detect: (arch, registers, allowed) => detectArm(models, arch, registers, allowed),
    bestDetect: (arch, registers) => bestDetectArm(models, arch, registers),
    flagPlace: flag => flagPlaceIn(models.hwcaps(), flag),
    fold: () => new FirstFold(),
    bestFold: () => new MeetFold(models),
    validate: cpu => validate(models, cpu),
  }
}

/**
 * libvirt's comparison: any guest will do; another host must be of the same vendor and model. Architecture and
 * features are not looked at.
 */
function compareArm(host: Cpu | undefined, cpu: Cpu): Comparison {
  if (cpu.type === 'guest') return IDENTICAL
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.vendor === host.vendor && cpu.model === host.model) return IDENTICAL
  const wanted = `vendor ${cpu.vendor ?? '<null>'} or(and) model ${cpu.model ?? '<null>'}`
  return incompatible(`Host CPU model does not match required CPU ${wanted}`)
}

/** @throws LibvirtError for the first feature that the map does not have */
function validate(models: ArmModels, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !models.map().features.includes(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}
