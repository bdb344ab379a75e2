import {
  addIfMissing,
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  type Policy,
  updateFeature,
} from '../../core/cpu.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { AllowedModels } from '../driver.ts'
import { findClosestCpu } from './decode.ts'
import { featuresOf, modelOf } from './definition.ts'

/** A feature for a definition's list; a host's has no policy. */
const listed = (cpu: Cpu, name: string, policy: Policy): CpuFeature =>
  cpu.type === 'host' ? { name } : { name, policy }

/**
 * The definition with every feature of its model spelled out. A guest's forced, optional and forbidden features drop out of
 * the list, as they do in libvirt.
 * @throws LibvirtError `unknown CPU model`
 */
export function spellOutModel<C extends Cpu>(db: Database, cpu: C): C {
  const model = cpu.model === undefined ? undefined : db.model(cpu.model)
  if (cpu.model !== undefined && !model) throw internalError(`unknown CPU model ${cpu.model}`)
  const byName = new Map<string, CpuFeature>()
  const put = (feature: CpuFeature) => byName.set(feature.name, feature)
  if (model) for (const { name } of db.features.in(model.features)) put(listed(cpu, name, 'require'))
  for (const feature of cpu.features) {
    const { policy } = feature
    if (cpu.type === 'host' || policy === 'require' || policy === 'disable') put(feature)
  }
  if (cpu.type === 'guest') {
    for (const { name } of model?.removed ?? []) if (!byName.has(name)) put({ name, policy: 'disable' })
  }
  return { ...cpu, features: [...byName.values()] }
}

/** A copy without the features that block a migration, whatever their policy. What the model has stays. */
export const dropBlockers = <C extends Cpu>(db: Database, cpu: C): C => ({
  ...cpu,
  features: cpu.features.filter(({ name }) => db.features.get(name)?.migratable !== false),
})

/** The guest with its model's removed features mentioned, unless it mentions them itself. */
export function mentionRemoved(db: Database, cpu: GuestCpu, policy: 'require' | 'disable'): GuestCpu {
  if (cpu.model === undefined) return cpu
  const features = modelOf(db, cpu.model).removed.reduce<readonly CpuFeature[]>(
    (list, { name }) => addIfMissing(list, { name, policy }),
    cpu.features,
  )
  return { ...cpu, features }
}

/** `list` with all of `features`: those of a known name in place, the others appended. */
export const updateAll = (
  list: readonly CpuFeature[],
  features: readonly CpuFeature[],
): readonly CpuFeature[] => features.reduce<readonly CpuFeature[]>(updateFeature, list)

/**
 * The guest CPU on a model that the hypervisor knows: same features, another name. The guest's vendor stays as
 * it was.
 * @throws LibvirtError where no allowed model can be chosen
 */
export function moveToAllowedModel<C extends Cpu>(db: Database, cpu: C, models: AllowedModels): C {
  const features = featuresOf(db, cpu)
  const model = cpu.model === undefined ? undefined : modelOf(db, cpu.model)
  const first = model?.signatures[0]
  const signature = first && { ...first, stepping: lowestStepping(first.steppings) }
  const decoded = findClosestCpu(
    db,
    { features, vendor: model?.vendor, signature },
    {
      as: cpu.type,
      fallback: 'allow',
      models,
    },
  )
  return { ...cpu, model: decoded.model, features: updateAll(decoded.features, cpu.features) }
}

const lowestStepping = (mask: number | undefined): number => (mask ? 31 - Math.clz32(mask & -mask) : 0)
