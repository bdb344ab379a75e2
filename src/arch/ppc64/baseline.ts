import type { Cpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Fold } from '../driver.ts'
import { powerModelOf } from './compare.ts'
import type { PowerMap, PowerModel } from './map.ts'

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

  result(): Cpu {
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
