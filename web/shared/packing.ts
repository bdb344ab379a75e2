// Packs texts by context mixing, as the PAQ programs do (Mahoney, "Adaptive Weighing of Context Models for Lossless Data
// Compression", 2005): each bit is predicted from what followed the same contexts before, and coded by how probable it was.
// Whoever unpacks makes the same predictions, so all numbers are whole or come from + - * / alone, which no engine rounds otherwise.

/** Contexts of so many bytes; 0 is the word so far and the byte before it, -1 the three bytes before the last. */
const CONTEXTS = [1, 2, 3, 4, 6, 0, -1]
const COUNT = CONTEXTS.length
/** What is mixed: what each context predicts, what follows the longest earlier match, and a constant. */
const INPUTS = COUNT + 2
const MATCH = COUNT
/** At most so many slots, as a power of two: 64 MB. */
const MOST_SLOTS = 20
/** A prediction after few bits changes fast; from so many on, slowly. */
const STEADY = 5
const LEARNING = 0.002 / 65_536
/** Predictions in 16 bits; one that nothing is known of, with its count of bits in the low byte. */
const HALF = 1 << 15
const UNSEEN = HALF << 8
/** The logistic function's steps: 4096 from -12 to 12. */
const STEPS = 4096
const PER_UNIT = STEPS / 24
/** e to the power of one step. */
const GROWTH = 1.005_876_594_515_703
const LONGEST = 31

const logistic = new Int32Array(STEPS)
/** Of a prediction's upper 12 bits, where the logistic function has it. */
const inverse = new Float64Array(STEPS)
const rates = Int32Array.from({ length: 256 }, (_, seen) => 32_768 / (Math.min(seen, STEADY) + 1.05))

let power = 1
for (let i = 0; i < STEPS / 2; i++) {
  logistic[STEPS / 2 + i] = 65_536 - 65_536 / (1 + power)
  logistic[STEPS / 2 - i] = 65_536 / (1 + power)
  power *= GROWTH
}
for (let i = 1, known = 0; i < STEPS; i++) {
  for (; known <= (logistic[i] ?? 0) >> 4; known++) inverse[known] = (i - STEPS / 2) / PER_UNIT
  if (i === STEPS - 1) inverse.fill(12, known)
}

/** A byte of a name or a number. */
const isOfWord = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) ||
  (byte >= 65 && byte <= 90) ||
  (byte >= 48 && byte <= 57) ||
  byte === 95 ||
  byte === 36

/** Predicts a text's next bit, and learns from it. */
class Model {
  /** The text so far. */
  readonly bytes: Uint8Array
  #length = 0
  /** The last four bytes, the four before them, a hash of the word so far, and this byte's bits after a 1. */
  #last = 0
  #before = 0
  #word = 0
  #partial = 1
  /** Slots of 16: a check and the predictions of half a byte's 15 places. */
  readonly #slots: Int32Array
  /** What is cut off a hash of 32 bits to get a slot. */
  readonly #cut: number
  readonly #hashes = new Int32Array(COUNT)
  readonly #slotOf = new Int32Array(COUNT)
  readonly #placeOf = new Int32Array(COUNT)
  readonly #inputs = new Float64Array(INPUTS)
  /** Weights by the byte's bits so far, by the byte before, and by the match's length with how many contexts are known. */
  readonly #byPartial = new Float64Array(INPUTS << 8).fill(0.16)
  readonly #byLast = new Float64Array(INPUTS << 8).fill(0.16)
  readonly #byMatch = new Float64Array(INPUTS << 8).fill(0.16)
  /** Where the last six bytes stood before; the byte that follows there after a 1; how long the two are equal. */
  readonly #earlier = new Int32Array(1 << 16)
  #matchAt = 0
  #matchLength = 0
  /** How probable it is that a match of a length goes on; the current one's length, 0 for none, and the bit that it expects. */
  readonly #goesOn = new Int32Array(LONGEST + 1).fill(60_000)
  #match = 0
  #expected = 0
  /** How many contexts something followed before. */
  #known = 0
  #prediction = HALF

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    const bits = Math.min(MOST_SLOTS, Math.max(4, 32 - Math.clz32(length)))
    this.#slots = new Int32Array(16 << bits)
    this.#cut = 32 - bits
    this.#inputs[INPUTS - 1] = 0.3
    this.#startByte()
  }

  /** How probable it is that the next bit is 1, of 65,536; never 0 or all. */
  predict(): number {
    const partial = this.#partial
    const ofHalf = 1 << (27 - Math.clz32(partial | 16))
    const at = partial < 16 ? partial : (partial & (ofHalf - 1)) | ofHalf
    this.#predictMatch()
    const inputs = this.#inputs
    const slots = this.#slots
    this.#known = 0
    for (let i = 0; i < COUNT; i++) {
      const place = (this.#slotOf[i] ?? 0) + at
      this.#placeOf[i] = place
      const known = slots[place] ?? 0
      if (known & 255) this.#known++
      inputs[i] = known & 255 ? (inverse[known >> 12] ?? 0) : 0
    }
    const a = partial * INPUTS
    const b = (this.#last & 255) * INPUTS
    const c = ((this.#match << 3) + this.#known) * INPUTS
    let sum = 0
    for (let i = 0; i < INPUTS; i++) {
      sum +=
        ((this.#byPartial[a + i] ?? 0) + (this.#byLast[b + i] ?? 0) + (this.#byMatch[c + i] ?? 0)) *
        (inputs[i] ?? 0)
    }
    const step = Math.min(STEPS - 1, Math.max(1, Math.trunc((sum / 2) * PER_UNIT + STEPS / 2)))
    this.#prediction = logistic[step] ?? 0
    return Math.min(65_520, Math.max(16, this.#prediction))
  }

  #predictMatch(): void {
    const next = this.#matchLength ? (this.bytes[this.#matchAt] ?? 0) + 256 : 0
    const left = Math.clz32(this.#partial) - 23
    this.#match = next >> left === this.#partial ? Math.min(this.#matchLength, LONGEST) : 0
    this.#expected = (next >> (left - 1)) & 1
    const goesOn = this.#match ? (inverse[(this.#goesOn[this.#match] ?? 0) >> 4] ?? 0) : 0
    this.#inputs[MATCH] = this.#expected ? goesOn : -goesOn
  }

  /** The bit that followed. Called once after each `predict`. */
  update(bit: number): void {
    const error = ((bit << 16) - this.#prediction) * LEARNING
    const a = this.#partial * INPUTS
    const b = (this.#last & 255) * INPUTS
    const c = ((this.#match << 3) + this.#known) * INPUTS
    for (let i = 0; i < INPUTS; i++) {
      const change = error * (this.#inputs[i] ?? 0)
      this.#byPartial[a + i] = (this.#byPartial[a + i] ?? 0) + change
      this.#byLast[b + i] = (this.#byLast[b + i] ?? 0) + change
      this.#byMatch[c + i] = (this.#byMatch[c + i] ?? 0) + change
    }
    const aim = bit ? 65_535 : 0
    for (let i = 0; i < COUNT; i++) {
      const place = this.#placeOf[i] ?? 0
      const known = this.#slots[place] ?? 0
      const seen = known & 255
      const probable = known >> 8
      const closer = probable + (Math.imul(aim - probable, rates[seen] ?? 0) >> 15)
      this.#slots[place] = (closer << 8) | Math.min(seen + 1, 255)
    }
    if (this.#match) {
      const goesOn = this.#goesOn[this.#match] ?? 0
      this.#goesOn[this.#match] = goesOn + (((bit === this.#expected ? 65_500 : 0) - goesOn) >> 6)
      if (bit !== this.#expected) this.#matchLength = 0
    }
    this.#partial = (this.#partial << 1) | bit
    if (this.#partial > 255) this.#endByte(this.#partial & 255)
    else if (this.#partial >> 4 === 1) {
      for (let i = 0; i < COUNT; i++)
        this.#slotOf[i] = this.#findSlot(
          Math.imul((this.#hashes[i] ?? 0) + Math.imul(this.#partial, 0x9e_3779), 0xc2b2_ae35),
        )
    }
  }

  #endByte(byte: number): void {
    this.bytes[this.#length++] = byte
    this.#before = (this.#before << 8) | (this.#last >>> 24)
    this.#last = (this.#last << 8) | byte
    this.#word = isOfWord(byte) ? Math.imul(this.#word + byte, 0x2f0b_4c47) : 0
    this.#findMatch()
    this.#partial = 1
    this.#startByte()
  }

  #findMatch(): void {
    const six = (Math.imul(this.#last, 0x9e37_79b1) ^ Math.imul(this.#before & 0xffff, 0x3d4d_51cb)) >>> 16
    if (this.#matchLength) {
      this.#matchLength++
      this.#matchAt++
    } else {
      const at = this.#earlier[six] ?? 0
      let equal = 0
      while (
        equal < at &&
        equal < LONGEST &&
        this.bytes[at - 1 - equal] === this.bytes[this.#length - 1 - equal]
      )
        equal++
      this.#matchAt = at
      this.#matchLength = equal < 5 ? 0 : equal
    }
    this.#earlier[six] = this.#length
  }

  #startByte(): void {
    for (let i = 0; i < COUNT; i++) {
      const hash = this.#hashOf(CONTEXTS[i] ?? 0)
      const spread = Math.imul(hash ^ (hash >>> 15) ^ (i << 28), 0x85eb_ca6b) + i
      this.#hashes[i] = spread
      this.#slotOf[i] = this.#findSlot(spread)
    }
  }

  #hashOf(context: number): number {
    const near = Math.imul(
      context > 0 && context < 4 ? this.#last & ((1 << (8 * context)) - 1) : this.#last,
      0x2f0b_4c47,
    )
    if (context < 0) return Math.imul(this.#last & 0xffff_ff00, 0x2f0b_4c47)
    if (context > 4) return near ^ Math.imul(this.#before & ((1 << (8 * (context - 4))) - 1), 0x3d4d_51cb)
    return context ? near : Math.imul(this.#word + 77, 0x2f0b_4c47) ^ Math.imul(this.#last & 255, 0x123_4567)
  }

  /** The slot of a hash: its own, its neighbour, or the one of the two that was used less, emptied. */
  #findSlot(hash: number): number {
    const slots = this.#slots
    const own = (Math.imul(hash, 0x9e37_79b1) >>> this.#cut) << 4
    const check = (hash >>> 8) | 1
    if (slots[own] === check) return own
    const other = own ^ 16
    if (slots[other] === check) return other
    const taken = ((slots[own + 1] ?? 0) & 255) <= ((slots[other + 1] ?? 0) & 255) ? own : other
    slots[taken] = check
    slots.fill(UNSEEN, taken + 1, taken + 16)
    return taken
  }
}

/** Of a range, the end of the part that stands for 1. */
const divide = (low: number, high: number, prediction: number): number => {
  const range = high - low
  return low + Math.floor(range / 65_536) * prediction + Math.floor(((range % 65_536) * prediction) / 65_536)
}

/** Four bytes of length, then the code. */
export function packPage(bytes: Uint8Array): Uint8Array {
  const model = new Model(bytes.length)
  const packed = [24, 16, 8, 0].map(shift => (bytes.length >>> shift) & 255)
  let low = 0
  let high = 0xffff_ffff
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      const middle = divide(low, high, model.predict())
      const bit = (byte >> shift) & 1
      model.update(bit)
      if (bit) high = middle
      else low = middle + 1
      for (; (low ^ high) >>> 24 === 0; low = (low << 8) >>> 0, high = ((high << 8) | 255) >>> 0)
        packed.push(low >>> 24)
    }
  }
  packed.push(...[24, 16, 8, 0].map(shift => (low >>> shift) & 255))
  return Uint8Array.from(packed)
}

/** The bytes that `packPage` packed. `onByte` is called after each byte, with all of them and how many are unpacked. */
export function unpackPage(
  packed: Uint8Array,
  onByte: (bytes: Uint8Array, length: number) => void = () => {},
): Uint8Array {
  let at = 0
  const next = (): number => packed[at++] ?? 0
  const word = (): number => ((next() << 24) | (next() << 16) | (next() << 8) | next()) >>> 0
  const length = word()
  const model = new Model(length)
  let code = word()
  let low = 0
  let high = 0xffff_ffff
  for (let bits = 8 * length; bits > 0; bits--) {
    const middle = divide(low, high, model.predict())
    const bit = code <= middle ? 1 : 0
    model.update(bit)
    if (bits % 8 === 1) onByte(model.bytes, length - (bits >> 3))
    if (bit) high = middle
    else low = middle + 1
    for (; (low ^ high) >>> 24 === 0; low = (low << 8) >>> 0, high = ((high << 8) | 255) >>> 0)
      code = ((code << 8) | next()) >>> 0
  }
  return model.bytes
}
