import type { FoundInput, InputCpu } from '../../formats/input-cpu.ts'

/** Names CPUs: the path alone as long as there may be only one. */
export class Namer {
  readonly #path: string
  readonly #take: (cpu: InputCpu) => void
  #first: FoundInput | undefined
  #count = 0

  constructor(path: string, take: (cpu: InputCpu) => void) {
    this.#path = path
    this.#take = take
  }

  take(cpu: FoundInput): void {
    this.#count++
    if (this.#count === 1) {
      this.#first = cpu
      return
    }
    this.#release('#1')
    this.#take({ ...cpu, source: `${this.#path}#${this.#count}` })
  }

  /** Answers how many there were. */
  end(): number {
    this.#release('')
    return this.#count
  }

  #release(suffix: string): void {
    if (!this.#first) return
    this.#take({ ...this.#first, source: this.#path + suffix })
    this.#first = undefined
  }
}
