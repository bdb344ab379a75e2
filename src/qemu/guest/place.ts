import type { AllowedModels } from '../../arch/driver.ts'
import { driverOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { LibvirtVersion } from '../../core/libvirt-version.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { QemuCapabilities, QemuModel } from '../capabilities.ts'
import type { QemuChoice } from '../choice.ts'
import { makeModelFinder } from '../domain-capabilities/cpu-modes.ts'
import type { HypervisorCpu } from '../hypervisor-cpu.ts'

/** The hypervisor that a guest is to start on. */
export interface StartPlace {
  readonly libvirt: LibvirtVersion
  readonly capabilities: QemuCapabilities
  readonly choice: QemuChoice
  /** The host's own definition; absent: not known. */
  readonly own?: Cpu | undefined
  /** Whether the host hands devices over by VFIO; absent: not known. */
  readonly vfio?: boolean | undefined
  /** The host's CPU in its three views; absent: there is no host-model. */
  readonly cpu?: HypervisorCpu | undefined
}

/** The models that the hypervisor has, in libvirt's names; where names are all that models are, others in QEMU's. */
export function listAllowedModelsAt(map: CpuMap, place: StartPlace): AllowedModels | undefined {
  const { capabilities, choice } = place
  const { models } = capabilities.accelerators.get(choice.accelerator) ?? {}
  if (!models) return undefined
  const find = makeModelFinder(map, choice.arch)
  const more = driverOf(map, choice.arch)?.decoder ? [] : models.filter(({ name }) => !find(name))
  return new Map(
    [...more, ...listHypervisorModels(map, place)].map(({ name, unavailable = [] }) => [
      name,
      unavailable.map(toLibvirtName),
    ]),
  )
}

/** The hypervisor's models that libvirt knows, in its names. */
export function listHypervisorModels(map: CpuMap, { capabilities, choice }: StartPlace): QemuModel[] {
  const find = makeModelFinder(map, choice.arch)
  const { models = [] } = capabilities.accelerators.get(choice.accelerator) ?? {}
  return models.flatMap(model => {
    const known = find(model.name)
    return known ? [{ ...model, name: known.name }] : []
  })
}
