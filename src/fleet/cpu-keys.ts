import { Interner } from './interned.ts'
import type { CpuFacts } from './obstacles.ts'

/** Keys that are equal for guests, or for hosts, of which nothing that an obstacle depends on differs. */
export class CpuKeys {
  readonly #sets = new Interner()
  readonly #lists = new Map<object, number>()

  of({ features, physBits, vendor, asked, models }: CpuFacts): string {
    const cpu = `${this.#sets.take(features).key} ${physBits ?? ''} ${vendor ?? ' '}`
    const model = asked ? ` ${asked.name} ${[...asked.without].sort().join(' ')}` : ''
    return `${cpu}${model}${models ? ` on ${this.#numberOf(models)}` : ''}`
  }

  /** Hosts of one document share one list. */
  #numberOf(models: object): number {
    const number = this.#lists.get(models) ?? this.#lists.size
    this.#lists.set(models, number)
    return number
  }
}
