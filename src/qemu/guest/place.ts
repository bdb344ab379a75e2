import type { AllowedModels } from '../../arch/driver.ts'
import { driverOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Database } from '../../map/database.ts'
import type { QemuCapabilities, QemuModel } from '../capabilities.ts'
import type { QemuChoice } from '../choice.ts'
import { modelFinder } from '../domain-capabilities/known-model.ts'
import { allowedModels } from '../expansion.ts'
import type { HypervisorCpu } from '../hypervisor-cpu.ts'

/** The hypervisor that a guest is to start on. */
export interface StartPlace {
  readonly capabilities: QemuCapabilities
  readonly choice: QemuChoice
  /** The host's own definition; absent: not known. */
  readonly own?: Cpu | undefined
  /** The host's CPU in its three views; absent: there is no host-model. */
  readonly cpu?: HypervisorCpu | undefined
}

/** The models that the hypervisor has, in libvirt's names. */
export function allowedOn(db: Database, place: StartPlace): AllowedModels | undefined {
  const { capabilities, choice } = place
  const models = capabilities.accelerators.get(choice.accelerator)?.models
  if (isX86(choice.arch)) return models && allowedModels(models)
  return (
    models && new Map(hypervisorModelsAt(db, place).map(({ name, unavailable = [] }) => [name, unavailable]))
  )
}

/** The hypervisor's models that libvirt knows, in its names. */
export function hypervisorModelsAt(db: Database, { capabilities, choice }: StartPlace): QemuModel[] {
  const find = modelFinder(db, choice.arch)
  const { models = [] } = capabilities.accelerators.get(choice.accelerator) ?? {}
  return models.flatMap(model => {
    const known = find(model.name)
    return known ? [{ ...model, name: known.name }] : []
  })
}

export const isX86 = (arch: string): boolean => driverOf(arch)?.name === 'x86'
