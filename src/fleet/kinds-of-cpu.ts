import { CpuKeys } from './cpu-keys.ts'
import { type CpuFacts, mayMove } from './obstacles.ts'

/** Numbers CPUs from 0, equal ones alike, so that whether one goes to another is asked once for all of them. */
export class CpuKinds {
  readonly #keys = new CpuKeys()
  readonly #numbers = new Map<string, number>()
  readonly #cpus: CpuFacts[] = []
  readonly #known: (boolean | undefined)[][] = []

  /** The number of this CPU. */
  of(cpu: CpuFacts): number {
    const key = this.#keys.of(cpu)
    const number = this.#numbers.get(key) ?? this.#cpus.push(cpu) - 1
    this.#numbers.set(key, number)
    return number
  }

  /** Whether a guest of the one number may move to a host of the other. */
  mayMove(guest: number, host: number): boolean {
    let row = this.#known[guest]
    if (!row) {
      row = []
      this.#known[guest] = row
    }
    const known = row[host]
    if (known !== undefined) return known
    const [from, to] = [this.#cpus[guest], this.#cpus[host]]
    const answer = from !== undefined && to !== undefined && mayMove(from, to)
    row[host] = answer
    return answer
  }
}
