import type { Cpu } from '../../core/cpu.ts'
import type { Database } from '../../map/database.ts'
import type { Fold, Overlooked } from '../driver.ts'
import { GenerationFold } from './best.ts'
import { machineOf, zCpuOf } from './generation.ts'
import { isNewer } from './machines.ts'
import { generations } from './models.ts'

// What libvirt does not have. The command loads this, with its data, when it is first asked for, and the page not at all.

export { bestDetect } from './best.ts'

export const bestFold = (): Fold => new GenerationFold()

export const ownModels = (): Database => generations().db

/** What QEMU's own query-cpu-model-comparison calls no superset, and why. */
export function overlooked(_: Database, host: Cpu, cpu: Cpu): Overlooked | undefined {
  const { db } = generations()
  const isKnown = ({ model = '', features }: Cpu) =>
    machineOf(model) !== undefined && features.every(({ name }) => db.features.get(name))
  if (!isKnown(host) || !isKnown(cpu)) return undefined
  const [has, wants] = [zCpuOf(host), zCpuOf(cpu)]
  const missing = db.features.in(wants.features.minus(has.features))
  return { missing, newer: isNewer(wants.machine, has.machine) ? wants.machine.name : undefined }
}
