// LZMA by its specification (7-Zip's, in the public domain), for streams that tell neither positions apart nor have an
// end marker: a byte of properties that is the bits of context alone, and a header with the length.

/** How probable lengths are: 2 to 9, 10 to 17, and those above. */
interface LengthTables {
  readonly choice: Uint16Array
  readonly low: Uint16Array
  readonly middle: Uint16Array
  readonly high: Uint16Array
}

/** The first slot of distances with bits of equal chance. */
const FIRST_DIRECT = 14

/** Adaptive probabilities that a bit is 0, of 2048. */
const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(1024)

const lengthTables = (): LengthTables => ({
  choice: probabilities(2),
  low: probabilities(8),
  middle: probabilities(8),
  high: probabilities(256),
})

/** Reads bits, each as probable as those before it with the same meaning made it. */
class RangeDecoder {
  readonly #bytes: Uint8Array
  #at: number
  #range = 0xffff_ffff
  #code = 0

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#at = start
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  #next(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  #normalize(): void {
    if (this.#range >= 0x100_0000) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  bit(table: Uint16Array, at: number): 0 | 1 {
    const zero = table[at] ?? 0
    const bound = (this.#range >>> 11) * zero
    const bit = this.#code < bound ? 0 : 1
    if (bit === 0) {
      this.#range = bound
      table[at] = zero + ((2048 - zero) >> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      table[at] = zero - (zero >> 5)
    }
    this.#normalize()
    return bit
  }

  /** Bits of equal chance, the highest first. */
  direct(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit === 1) this.#code -= this.#range
      value = (value << 1) | bit
      this.#normalize()
    }
    return value
  }

  /** A number, the highest bit first, each bit by those above it. */
  tree(table: Uint16Array, base: number, count: number): number {
    let node = 1
    for (let i = 0; i < count; i++) node = (node << 1) | this.bit(table, base + node)
    return node - (1 << count)
  }

  /** The same, the lowest bit first. */
  reverseTree(table: Uint16Array, base: number, count: number): number {
    let node = 1
    let value = 0
    for (let i = 0; i < count; i++) {
      const bit = this.bit(table, base + node)
      node = (node << 1) | bit
      value |= bit << i
    }
    return value
  }

  length({ choice, low, middle, high }: LengthTables): number {
    if (this.bit(choice, 0) === 0) return 2 + this.tree(low, 0, 3)
    if (this.bit(choice, 1) === 0) return 10 + this.tree(middle, 0, 3)
    return 18 + this.tree(high, 0, 8)
  }
}

/** The state of reading an LZMA stream: what was read, and what the next bits mean by it. */
class Unpacker {
  readonly #in: RangeDecoder
  readonly #out: Uint8Array<ArrayBuffer>
  readonly #context: number
  #at = 0
  /** Below 7: a literal was read last. */
  #state = 0
  /** The last four distances, the latest first. */
  #recent: readonly [number, number, number, number] = [1, 1, 1, 1]
  readonly #literals: Uint16Array
  readonly #isMatch = probabilities(12)
  readonly #isRecent = probabilities(12)
  readonly #isNotLast = probabilities(12)
  readonly #isNotSecond = probabilities(12)
  readonly #isNotThird = probabilities(12)
  readonly #isLong = probabilities(12)
  readonly #slots = probabilities(256)
  readonly #middles = probabilities(128)
  readonly #lows = probabilities(16)
  readonly #lengths = lengthTables()
  readonly #recentLengths = lengthTables()

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const [context = 0] = bytes
    this.#context = context
    this.#literals = probabilities(0x300 << context)
    this.#out = new Uint8Array(new DataView(bytes.buffer).getUint32(5, true))
    // The first byte of the coded bits is always 0.
    this.#in = new RangeDecoder(bytes, 14)
  }

  unpack(): Uint8Array<ArrayBuffer> {
    while (this.#at < this.#out.length) {
      if (this.#in.bit(this.#isMatch, this.#state) === 0) this.#literal()
      else if (this.#in.bit(this.#isRecent, this.#state) === 0) this.#match()
      else this.#again()
    }
    return this.#out
  }

  #literal(): void {
    const out = this.#out
    const before = this.#at > 0 ? (out[this.#at - 1] ?? 0) : 0
    const base = 0x300 * (before >> (8 - this.#context))
    let node = 1
    if (this.#state >= 7) {
      // The byte that would have continued the match is a good guess, as long as it holds.
      const guess = out[this.#at - this.#recent[0]] ?? 0
      for (let i = 7; i >= 0; i--) {
        const guessed = (guess >> i) & 1
        const bit = this.#in.bit(this.#literals, base + ((1 + guessed) << 8) + node)
        node = (node << 1) | bit
        if (bit !== guessed) break
      }
    }
    while (node < 0x100) node = (node << 1) | this.#in.bit(this.#literals, base + node)
    out[this.#at++] = node
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6
  }

  #match(): void {
    const length = this.#in.length(this.#lengths)
    const [last, second, third] = this.#recent
    this.#recent = [this.#distance(length), last, second, third]
    this.#state = this.#state < 7 ? 7 : 10
    this.#copy(length)
  }

  #distance(length: number): number {
    const slot = this.#in.tree(this.#slots, Math.min(length - 2, 3) << 6, 6)
    if (slot < 4) return 1 + slot
    const count = (slot >> 1) - 1
    const base = (2 | (slot & 1)) << count
    return slot < FIRST_DIRECT
      ? 1 + base + this.#in.reverseTree(this.#middles, base - slot, count)
      : 1 + base + (this.#in.direct(count - 4) << 4) + this.#in.reverseTree(this.#lows, 0, 4)
  }

  /** A match at one of the last distances. */
  #again(): void {
    const state = this.#state
    const [last, second, third, fourth] = this.#recent
    if (this.#in.bit(this.#isNotLast, state) === 0) {
      if (this.#in.bit(this.#isLong, state) === 0) {
        this.#state = state < 7 ? 9 : 11
        this.#copy(1)
        return
      }
    } else if (this.#in.bit(this.#isNotSecond, state) === 0) this.#recent = [second, last, third, fourth]
    else if (this.#in.bit(this.#isNotThird, state) === 0) this.#recent = [third, last, second, fourth]
    else this.#recent = [fourth, last, second, third]
    const length = this.#in.length(this.#recentLengths)
    this.#state = state < 7 ? 8 : 11
    this.#copy(length)
  }

  #copy(length: number): void {
    const [distance] = this.#recent
    for (let i = 0; i < length; i++, this.#at++) this.#out[this.#at] = this.#out[this.#at - distance] ?? 0
  }
}

/** Unpacks what `scripts/lzma.mjs` packed, in base64: an .lzma stream of text, with its length in front. */
export function unpackLzma(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return new Unpacker(bytes).unpack()
}
