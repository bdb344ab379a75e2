// Packs the program of the page's worker as an .lzma stream (LZMA1, as `xz --format=lzma -d` reads it), which
// web/ui/parts/unpack.ts unpacks. Node 20 has no compressor whose output a page can unpack better than gzip's.

const SHORTEST = 2
const LONGEST = 273
/** How many earlier places are tried for a match, and from which length on none further is. */
const TRIED = 1024
const LONG_ENOUGH = LONGEST
/** A match of two bytes is cheaper than two literals only from near by. */
const NEAR = 2048
/** Bits of the last byte that a literal depends on: the usual 3; position bits, which text has no use for: none. */
const CONTEXT = 3
/** How many bytes are planned at a time, at the prices that what was written before gives. */
const AT_ONCE = 2048
/** The bits that a binary choice costs, by its probability. */
const PRICES = Float64Array.from({ length: 2049 }, (_, chance) => -Math.log2(Math.max(chance, 1) / 2048))

/** Adaptive probabilities that a bit is 0, of 2048. */
const probabilities = count => new Uint16Array(count).fill(1024)

class RangeEncoder {
  #bytes = []
  #low = 0
  #range = 0xffff_ffff
  #held = 0
  #heldCount = 1

  bit(table, at, bit) {
    const zero = table[at]
    const bound = (this.#range >>> 11) * zero
    if (bit) {
      this.#low += bound
      this.#range -= bound
      table[at] = zero - (zero >> 5)
    } else {
      this.#range = bound
      table[at] = zero + ((2048 - zero) >> 5)
    }
    this.#normalize()
  }

  /** Bits of equal chance, the highest first. */
  direct(value, count) {
    for (let i = count - 1; i >= 0; i--) {
      this.#range >>>= 1
      if ((value >>> i) & 1) this.#low += this.#range
      this.#normalize()
    }
  }

  /** A number, the highest bit first, each bit by those above it. */
  tree(table, base, count, value) {
    let node = 1
    for (let i = count - 1; i >= 0; i--) {
      const bit = (value >>> i) & 1
      this.bit(table, base + node, bit)
      node = (node << 1) | bit
    }
  }

  /** The same, the lowest bit first. */
  reverseTree(table, base, count, value) {
    let node = 1
    for (let i = 0; i < count; i++) {
      const bit = (value >>> i) & 1
      this.bit(table, base + node, bit)
      node = (node << 1) | bit
    }
  }

  #normalize() {
    while (this.#range < 0x100_0000) {
      this.#range = (this.#range << 8) >>> 0
      this.#shift()
    }
  }

  /** Moves the highest byte out. A carry may still reach bytes of 255, and the one before them, which are held back. */
  #shift() {
    if (this.#low < 0xff00_0000 || this.#low >= 2 ** 32) {
      const carry = this.#low >= 2 ** 32 ? 1 : 0
      this.#bytes.push((this.#held + carry) & 0xff)
      for (; this.#heldCount > 1; this.#heldCount--) this.#bytes.push((0xff + carry) & 0xff)
      this.#heldCount = 0
      this.#held = (this.#low >>> 24) & 0xff
    }
    this.#heldCount++
    this.#low = (this.#low % 0x100_0000) * 0x100
  }

  end() {
    for (let i = 0; i < 5; i++) this.#shift()
    return this.#bytes
  }
}

/** Finds earlier text that is like the text at a place. */
class Matches {
  #bytes
  /** The last place of each hash of three bytes, and of each two bytes. */
  #heads = new Int32Array(1 << 16).fill(-1)
  #pairs = new Int32Array(1 << 16).fill(-1)
  #before
  #added = 0

  constructor(bytes) {
    this.#bytes = bytes
    this.#before = new Int32Array(bytes.length)
  }

  lengthAt(place, distance, most = LONGEST) {
    const bytes = this.#bytes
    const end = Math.min(bytes.length, place + most)
    let at = place
    while (at < end && bytes[at] === bytes[at - distance]) at++
    return at - place
  }

  /** The nearest match of each length that is longer than nearer ones, `[length, distance]`. */
  at(place) {
    while (this.#added < place) this.#add(this.#added++)
    const found = []
    if (place + SHORTEST >= this.#bytes.length) return found
    const near = place - this.#pairs[this.#pair(place)]
    if (near <= Math.min(place, NEAR)) found.push([SHORTEST, near])
    let longest = SHORTEST
    let at = this.#heads[this.#hash(place)]
    for (let i = 0; i < TRIED && at >= 0 && longest < LONG_ENOUGH; i++) {
      const length =
        this.#bytes[at + longest] === this.#bytes[place + longest] ? this.lengthAt(place, place - at) : 0
      if (length > longest) {
        longest = length
        found.push([length, place - at])
      }
      at = this.#before[at]
    }
    return found
  }

  #add(place) {
    if (place + SHORTEST >= this.#bytes.length) return
    this.#pairs[this.#pair(place)] = place
    const hash = this.#hash(place)
    this.#before[place] = this.#heads[hash]
    this.#heads[hash] = place
  }

  #pair(place) {
    return this.#bytes[place] | (this.#bytes[place + 1] << 8)
  }

  #hash(place) {
    const bytes = this.#bytes
    return (bytes[place] ^ (bytes[place + 1] << 5) ^ (bytes[place + 2] << 9)) & 0xffff
  }
}

/** Adds up what bits cost, as `RangeEncoder` writes them. */
class Pricer {
  bits = 0

  bit(table, at, bit) {
    this.bits += PRICES[bit ? 2048 - table[at] : table[at]]
  }

  tree = RangeEncoder.prototype.tree
  reverseTree = RangeEncoder.prototype.reverseTree

  direct(_value, count) {
    this.bits += count
  }
}

/** The cheapest known way to a place, and by which step: a literal, a match, or one at one of the last distances. */
class Step {
  cost = Number.POSITIVE_INFINITY
  from = undefined
  length = 0
  distance = 0
  which = undefined

  constructor(state = 0, recent = undefined) {
    this.state = state
    this.recent = recent
    if (recent) this.cost = 0
  }

  offer(cost, from, length, distance, which) {
    if (cost >= this.cost) return
    this.cost = cost
    this.from = from
    this.length = length
    this.distance = distance
    this.which = which
  }

  /** The state and the last distances, once the way is sure. */
  arrive() {
    const { state, recent } = this.from
    const { distance, which } = this
    if (this.length === 1) {
      this.state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      this.recent = recent
    } else {
      this.state = (state < 7 ? 7 : 10) + (which === undefined ? 0 : 1)
      this.recent = [distance, ...recent.filter((_, i) => i !== (which ?? 3))]
    }
  }
}

/** The slot of a distance, how many bits follow, and the least distance of the slot. */
function slotOf(distance) {
  const value = distance - 1
  if (value < 4) return { slot: value, count: 0, base: value }
  const count = 30 - Math.clz32(value)
  const slot = ((count + 1) << 1) | ((value >>> count) & 1)
  return { slot, count, base: (2 | (slot & 1)) << count }
}

const lengthTables = () => ({
  choice: probabilities(2),
  low: probabilities(8),
  middle: probabilities(8),
  high: probabilities(256),
})

class Encoder {
  #bytes
  #out = new RangeEncoder()
  #state = 0
  #recent = [1, 1, 1, 1]
  #literals = probabilities(0x300 << CONTEXT)
  #isMatch = probabilities(12)
  #isRecent = probabilities(12)
  #isNotLast = probabilities(12)
  #isNotSecond = probabilities(12)
  #isNotThird = probabilities(12)
  #isLong = probabilities(12)
  #slots = probabilities(256)
  #middles = probabilities(128)
  #lows = probabilities(16)
  #lengths = lengthTables()
  #recentLengths = lengthTables()

  constructor(bytes) {
    this.#bytes = bytes
  }

  encode() {
    const matches = new Matches(this.#bytes)
    for (let place = 0; place < this.#bytes.length; ) {
      for (const { from, length, distance, which, state, recent } of this.#plan(matches, place)) {
        if (length === 1) this.#writeLiteral(this.#out, place, from.state, from.recent[0])
        else this.#writeMatch(this.#out, from.state, length, distance, which)
        this.#state = state
        this.#recent = recent
        place += length
      }
    }
    return this.#out.end()
  }

  /** The cheapest steps through the next bytes. */
  #plan(matches, start) {
    const count = Math.min(AT_ONCE, this.#bytes.length - start)
    const prices = this.#prices()
    const steps = [new Step(this.#state, this.#recent)]
    for (let i = 0; i < count; i++) {
      const step = steps[i]
      if (step.from) step.arrive()
      this.#tryAll(matches, prices, start, i, count, steps)
    }
    steps[count].arrive()
    const planned = []
    for (let step = steps[count]; step.from; step = step.from) planned.push(step)
    return planned.reverse()
  }

  /** Takes every step from a place, and keeps those that are the cheapest way to where they lead. */
  #tryAll(matches, prices, start, i, count, steps) {
    const step = steps[i]
    const { cost, state, recent } = step
    const take = (length, price, distance = 0, which = undefined) => {
      steps[i + length] ??= new Step()
      steps[i + length].offer(cost + price, step, length, distance, which)
    }
    const place = start + i
    take(
      1,
      this.#priced(out => this.#writeLiteral(out, place, state, recent[0])),
    )
    const most = Math.min(count - i, LONGEST)
    recent.forEach((distance, which) => {
      if (distance > place) return
      const length = matches.lengthAt(place, distance, most)
      const price = prices.recent(state, which)
      const least = length >= LONG_ENOUGH ? length : SHORTEST
      for (let n = least; n <= length; n++) take(n, price + prices.recentLengths[n], distance, which)
    })
    const begin = prices.match(state)
    let shorter = SHORTEST - 1
    for (const [found, distance] of matches.at(place)) {
      const length = Math.min(found, most)
      const price = begin + this.#priced(out => this.#writeRest(out, distance))
      const { slot } = slotOf(distance)
      const least = length >= LONG_ENOUGH ? length : shorter + 1
      for (let n = least; n <= length; n++)
        take(n, price + prices.lengths[n] + prices.slots[Math.min(n, 5) - SHORTEST][slot], distance)
      shorter = Math.max(shorter, length)
    }
  }

  #priced(write) {
    const pricer = new Pricer()
    write(pricer)
    return pricer.bits
  }

  /** What steps cost now, without what they share. */
  #prices() {
    const priced = write => this.#priced(write)
    const lengths = tables =>
      Float64Array.from({ length: LONGEST + 1 }, (_, n) =>
        n < SHORTEST ? 0 : priced(out => this.#writeLength(out, tables, n)),
      )
    const slots = [2, 3, 4, 5].map(length =>
      Float64Array.from({ length: 64 }, (_, slot) =>
        priced(out => out.tree(this.#slots, (length - 2) << 6, 6, slot)),
      ),
    )
    const states = Array.from({ length: 12 }, (_, state) => ({
      match: priced(out => this.#writeKind(out, state)),
      recent: [0, 1, 2, 3].map(which => priced(out => this.#writeKind(out, state, which))),
    }))
    return {
      lengths: lengths(this.#lengths),
      recentLengths: lengths(this.#recentLengths),
      match: state => states[state].match,
      recent: (state, which) => states[state].recent[which],
      slots,
    }
  }

  #writeLiteral(out, place, state, recent) {
    out.bit(this.#isMatch, state, 0)
    const byte = this.#bytes[place]
    const before = place > 0 ? this.#bytes[place - 1] : 0
    const base = 0x300 * (before >> (8 - CONTEXT))
    let node = 1
    // After a match, the byte that would have continued it is a good guess, as long as it holds.
    let guess = state < 7 ? undefined : this.#bytes[place - recent]
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1
      const guessed = guess === undefined ? 0 : 1 + ((guess >> i) & 1)
      out.bit(this.#literals, base + (guessed << 8) + node, bit)
      if (guessed !== 0 && guessed - 1 !== bit) guess = undefined
      node = (node << 1) | bit
    }
  }

  #writeMatch(out, state, length, distance, which) {
    this.#writeKind(out, state, which)
    this.#writeLength(out, which === undefined ? this.#lengths : this.#recentLengths, length)
    if (which !== undefined) return
    out.tree(this.#slots, Math.min(length - SHORTEST, 3) << 6, 6, slotOf(distance).slot)
    this.#writeRest(out, distance)
  }

  /** That a match follows: at one of the last distances, or at another. */
  #writeKind(out, state, which) {
    out.bit(this.#isMatch, state, 1)
    out.bit(this.#isRecent, state, which === undefined ? 0 : 1)
    if (which === undefined) return
    out.bit(this.#isNotLast, state, which > 0 ? 1 : 0)
    if (which === 0) return out.bit(this.#isLong, state, 1)
    out.bit(this.#isNotSecond, state, which > 1 ? 1 : 0)
    if (which > 1) out.bit(this.#isNotThird, state, which > 2 ? 1 : 0)
  }

  #writeLength(out, { choice, low, middle, high }, length) {
    const value = length - SHORTEST
    out.bit(choice, 0, value < 8 ? 0 : 1)
    if (value < 8) return out.tree(low, 0, 3, value)
    out.bit(choice, 1, value < 16 ? 0 : 1)
    if (value < 16) return out.tree(middle, 0, 3, value - 8)
    out.tree(high, 0, 8, value - 16)
  }

  /** The bits of a distance behind its slot. */
  #writeRest(out, distance) {
    const { slot, count, base } = slotOf(distance)
    const rest = distance - 1 - base
    if (slot < 4) return
    if (slot < 14) return out.reverseTree(this.#middles, base - slot, count, rest)
    out.direct(rest >>> 4, count - 4)
    out.reverseTree(this.#lows, 0, 4, rest & 15)
  }
}

/** @param {Uint8Array} bytes */
export function packLzma(bytes) {
  const header = Buffer.alloc(13)
  header[0] = CONTEXT
  header.writeUInt32LE(1 << 24, 1)
  header.writeUInt32LE(bytes.length, 5)
  return Buffer.concat([header, Buffer.from(new Encoder(bytes).encode())])
}
