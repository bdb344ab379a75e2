import { type Cpu, isRelative, updateFeature } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import { type Driver, IDENTICAL } from '../driver.ts'
import { asHost } from '../host-model.ts'
import { bestDetect, bestFold, overlooked, ownModels } from './beyond.ts'
import { baselineByQemu, compareByQemu } from './hypervisor.ts'
import { DATA } from './models.ts'
import { vendorOfModel } from './vendor.ts'

/** libvirt leaves comparison and baseline to QEMU: `hypervisor-cpu-compare` and `hypervisor-cpu-baseline`. */
export const s390x: Driver = {
  name: 's390',
  arches: ['s390', 's390x'],
  data: DATA,
  ownModels,
  compare: () => IDENTICAL,
  overlooked,
  update,
  validate,
  throughQemu: { compare: compareByQemu, baseline: baselineByQemu },
  bestDetect,
  bestFold,
  vendorOfModel: (_, model) => vendorOfModel(model),
}

/** A guest of mode host-model becomes the host; what it lists itself overrides the host's features or is added. */
function update(_: Database, guest: Cpu, host: Cpu | undefined): Cpu {
  if (!isRelative(guest)) return guest
  if (guest.mode === 'custom') {
    const what =
      guest.match === 'minimum'
        ? 'match mode minimum not supported'
        : 'optional CPU features are not supported'
    throw new LibvirtError('unsupported', what)
  }
  const { features, ...made } = asHost(guest, host)
  return { ...made, features: guest.features.reduce(updateFeature, features) }
}

/** @throws LibvirtError for an optional feature; libvirt's text names two policies, and yet all others pass */
function validate(_: Database, cpu: Cpu): void {
  const optional = cpu.features.find(({ policy }) => policy === 'optional')
  if (!optional) return
  const supported = "only cpu feature policies 'require' and 'disable' are supported"
  throw new LibvirtError('unsupported', `${supported} for ${optional.name}`)
}
