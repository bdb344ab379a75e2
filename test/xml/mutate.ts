import { mulberry32 } from '../../scripts/random.ts'

/** Seeded changes to a text, for fuzz tests: some that know tags and lines, some that know only characters. */
export class Mutator {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = mulberry32(seed)
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    if (found === undefined) throw new RangeError('pick from nothing')
    return found
  }

  /** One to three changes; `words` are inserted, `other` is a text to take pieces from. */
  mutate(text: string, other: string, words: readonly string[]): string {
    let out = text
    for (let n = 1 + this.below(3); n > 0; n--) out = this.#change(out, other, words)
    return out
  }

  /** `text` in chunks of random length, some empty. */
  chunks(text: string): string[] {
    const out: string[] = []
    for (let at = 0; at < text.length; ) {
      const length = this.below(4) === 0 ? this.below(4) : this.below(text.length)
      out.push(text.slice(at, at + length))
      at += length
    }
    return out
  }

  #change(text: string, other: string, words: readonly string[]): string {
    const at = this.below(text.length + 1)
    switch (this.below(7)) {
      case 0:
        return text.slice(0, at) + this.pick(words) + text.slice(at)
      case 1:
        return text.slice(0, at) + text.slice(at + 1 + this.below(3))
      case 2:
        return text.slice(0, at) + this.pick(words) + text.slice(at + 1)
      case 3:
        return text.slice(0, at)
      default:
        return this.#splice(text, other)
    }
  }

  /** Replaces, doubles, drops or imports a piece that begins with `<` or a line. */
  #splice(text: string, other: string): string {
    const parts = text.split(/(?=[<\n])/)
    const foreign = other.split(/(?=[<\n])/)
    const at = this.below(parts.length)
    const dropped = this.below(3) === 0 ? 0 : 1 + this.below(2)
    const inserted = this.below(2) === 0 ? [] : [this.pick(this.below(2) ? parts : foreign)]
    parts.splice(at, dropped, ...inserted)
    return parts.join('')
  }
}
