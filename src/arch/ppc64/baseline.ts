import { asGuest, type Cpu, type GuestCpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { type Comparison, type Fold, IDENTICAL, incompatible } from '../driver.ts'
import type { PowerMap, PowerModel } from './map.ts'

/** @throws LibvirtError */
function powerModelOf(map: PowerMap, name: string): PowerModel {
  const model = map.models.find(known => known.name === name)
  if (!model) throw internalError(`Unknown CPU model ${name}`)
  return model
}

/**
 * Whether the CPU is of the host's model; a newer POWER does not stand in for an older one, and features are not
 * looked at. A guest of mode host-model may name a compatibility mode, up to the host's own.
 * @param cpu with the name that its model has now
 * @throws LibvirtError for an unknown model or compatibility mode
 */
export function comparePower(map: PowerMap, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.arch !== undefined && cpu.arch !== 'ppc64' && cpu.arch !== 'ppc64le') {
    return incompatible(`CPU arch ${cpu.arch} does not match host arch`)
  }
  if (cpu.vendor !== undefined && cpu.vendor !== host.vendor) {
    return incompatible(`host CPU vendor does not match required CPU vendor ${cpu.vendor}`)
  }
  const own = powerModelOf(map, host.model)
  const guest = asGuest(cpu)
  if (guest?.mode === 'host-model') return compareLevels(map, own, cpu.model)
  if (guest?.mode === 'host-passthrough' || guest?.mode === 'maximum') return IDENTICAL
  if (cpu.model === undefined) throw new LibvirtError('invalid-arg', 'no CPU model specified')
  const { name } = powerModelOf(map, cpu.model)
  return name === own.name
    ? IDENTICAL
    : incompatible(`host CPU model does not match required CPU model ${name}`)
}

/** @param mode the compatibility mode that a guest asks for, `power9`; absent: the host's own */
function compareLevels(map: PowerMap, host: PowerModel, mode: string | undefined): Comparison {
  if (mode === undefined) return IDENTICAL
  if (host.level === undefined) throw internalError('Host CPU does not support compatibility modes')
  const level = /^power\d+$/.test(mode) ? Number(mode.slice('power'.length)) : undefined
  if (level === undefined || !map.models.some(model => model.level === level)) {
    throw internalError(`Unknown compatibility mode ${mode}`)
  }
  return level > host.level ? incompatible('') : IDENTICAL
}

const failed = (detail: string): LibvirtError => new LibvirtError('op-failed', detail)

/** The baseline of POWER processors: all must be of one model, which is the answer. */
export class PowerFold implements Fold {
  readonly common = FeatureSet.empty
  readonly #map: PowerMap
  #model: PowerModel | undefined
  #vendor: string | undefined

  constructor(map: PowerMap) {
    this.#map = map
  }

  get models(): readonly string[] {
    return this.#model ? [this.#model.name] : []
  }

  get vendors(): readonly string[] {
    return this.#vendor === undefined ? [] : [this.#vendor]
  }

  add(cpu: Cpu): void {
    this.#model ??= powerModelOf(this.#map, cpu.model ?? '')
    if (cpu.model !== this.#model.name) throw failed('CPUs are incompatible')
    if (cpu.vendor !== undefined) this.#checkVendor(this.#model, cpu.vendor)
  }

  result(): GuestCpu {
    if (!this.#model) throw new RangeError('no CPU was added')
    const vendor = this.#model.vendor === undefined ? this.#vendor : undefined
    const { name } = this.#model
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: name,
      fallback: 'forbid',
      vendor,
      features: [],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  #checkVendor(model: PowerModel, name: string): void {
    if (!this.#map.vendors.includes(name)) throw failed(`Unknown CPU vendor ${name}`)
    if (model.vendor !== undefined && model.vendor !== name) {
      throw failed(`CPU vendor ${model.vendor} of model ${model.name} differs from vendor ${name}`)
    }
    if (this.#vendor !== undefined && this.#vendor !== name) throw failed('CPU vendors do not match')
    this.#vendor = name
  }
}
