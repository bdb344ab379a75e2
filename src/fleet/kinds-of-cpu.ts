import { Interner } from './interned.ts'
import { type CpuFacts, canMove } from './obstacles.ts'

/** Keys that are equal for guests, or for hosts, of which nothing that an obstacle depends on differs. */
export class CpuKeys {
  readonly #sets = new Interner()
  readonly #lists = new Map<object, number>()

  keyOf({ features, physBits, vendor, requestedModel, models }: CpuFacts): string {
    const cpu = `${this.#sets.intern(features).key} ${physBits ?? ''} ${vendor ?? ' '}`
    const model = requestedModel
      ? ` ${requestedModel.name} ${[...requestedModel.disabled].sort().join(' ')}`
      : ''
    return `${cpu}${model}${models ? ` on ${this.#numberOf(models)}` : ''}`
  }

  /** Hosts of one document share one list. */
  #numberOf(models: object): number {
    const number = this.#lists.get(models) ?? this.#lists.size
    this.#lists.set(models, number)
    return number
  }
}

/** Numbers CPUs from 0, equal ones alike, so that whether one goes to another is asked once for all of them. */
export class CpuKinds {
  readonly #keys = new CpuKeys()
  readonly #numbers = new Map<string, number>()
  readonly #cpus: CpuFacts[] = []
  readonly #known: (boolean | undefined)[][] = []

  /** The number of this CPU. */
  numberOf(cpu: CpuFacts): number {
    const key = this.#keys.keyOf(cpu)
    const number = this.#numbers.get(key) ?? this.#cpus.push(cpu) - 1
    this.#numbers.set(key, number)
    return number
  }

  /** Whether a guest of the one number may move to a host of the other. */
  canMove(guest: number, host: number): boolean {
    let row = this.#known[guest]
    if (!row) {
      row = []
      this.#known[guest] = row
    }
    const known = row[host]
    if (known !== undefined) return known
    const [from, to] = [this.#cpus[guest], this.#cpus[host]]
    const answer = from !== undefined && to !== undefined && canMove(from, to)
    row[host] = answer
    return answer
  }
}
