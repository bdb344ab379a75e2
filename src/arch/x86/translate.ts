import type { Cpu } from '../../core/cpu.ts'
import type { Database } from '../../map/database.ts'
import type { AllowedModels } from '../driver.ts'
import { decode } from './decode.ts'
import { featuresOf, modelOf } from './definition.ts'
import { updateAll } from './expand.ts'

/**
 * The guest CPU on a model that the hypervisor knows: same features, another name. The guest's vendor stays as
 * it was.
 * @throws LibvirtError where no allowed model can be chosen
 */
export function translate(db: Database, cpu: Cpu, models: AllowedModels): Cpu {
  const features = featuresOf(db, cpu)
  const model = cpu.model === undefined ? undefined : modelOf(db, cpu.model)
  const first = model?.signatures[0]
  const signature = first && { ...first, stepping: lowestStepping(first.steppings) }
  const decoded = decode(
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
