import type { Cpu } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import { type GenerationLevel, isNewer, type Machine } from './machines.ts'
import { generations } from './models.ts'

/** A CPU of IBM Z: which machine it is, and what it has. */
interface ZCpu {
  readonly machine: Machine
  readonly features: FeatureSet
}

/** How new a common CPU may be. */
export interface Limit extends GenerationLevel {
  /** The machine's type where all of that generation agree in it. */
  readonly type?: number | undefined
}

/** The machine that a model is named after, `z13-base` as `z13`. */
export const machineOf = (model: string): Machine | undefined =>
  generations().machines.get(model.replace(/-base$/, ''))

/** A definition's CPU. @throws LibvirtError for a model that is of no generation, and for unknown features */
export function zCpuOf({ model = '', features }: Cpu): ZCpu {
  const { db } = generations()
  const [machine, own] = [machineOf(model), db.model(model)?.features]
  if (!machine || !own) throw internalError(`Unknown CPU model ${model}`)
  const has = features.reduce((set, { name, policy }) => {
    const bits = db.features.get(name)?.bits
    if (!bits) throw internalError(`Unknown CPU feature ${name}`)
    return policy === 'disable' || policy === 'forbid' ? set.minus(bits) : set.join(bits)
  }, own)
  return { machine, features: has }
}

/** The older of both; of one generation, what both machines are. */
export function olderOf(a: Limit, b: Limit): Limit {
  if (a.generation !== b.generation) return isNewer(a, b) ? b : a
  const type = a.type === b.type ? a.type : undefined
  return { generation: a.generation, ga: Math.min(a.ga, b.ga), type }
}

/**
 * The newest base that a CPU with these features has and that is not newer than the limit. As QEMU looks for it: in
 * map order, until the limit's own machine, or one that is newer; a z14 ZR1, which stands behind z14.2 though it is no
 * newer than z14, is found for newer machines alone.
 * @returns undefined where not even the oldest is had
 */
export function newestBase(limit: Limit, features: FeatureSet): Model | undefined {
  const { db, spared } = generations()
  let found: Model | undefined
  for (const model of db.models) {
    const machine = machineOf(model.name)
    if (!machine || !model.name.endsWith('-base')) continue
    if (isNewer(machine, limit)) break
    if (model.features.minus(spared).leq(features)) found = model
    if (machine.type === limit.type && machine.generation === limit.generation && machine.ga === limit.ga)
      break
  }
  return found
}
