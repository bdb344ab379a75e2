import type { Cpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { Fold } from '../driver.ts'

/** libvirt's baseline: the first CPU's model, known or not; the others are not looked at. */
export class FirstFold implements Fold {
  readonly common = FeatureSet.empty
  readonly vendors: readonly string[] = []
  readonly firstOnly = true
  readonly #models = new Set<string>()

  get models(): readonly string[] {
    return [...this.#models]
  }

  add({ model }: Cpu): void {
    if (model !== undefined) this.#models.add(model)
  }

  result(): Cpu {
    const [model] = this.#models
    return { type: 'guest', mode: 'custom', match: 'exact', model, fallback: 'allow', features: [] }
  }

  dependsOnOrder(): boolean {
    return this.#models.size > 1
  }
}
