import { hex, popcount, type U32 } from './bits.ts'

/**
 * An immutable set of features: 32-bit words, one bit a feature, laid out by a `FeatureTable`.
 * Plain bits: `meet` is AND, `join` OR, `leq` subset. What is *safe* depends on each field's order
 * and is asked of `safeMeet`/`safeLeq`; libvirt's questions never do.
 * A word that is not stored is zero, so `empty` is the bottom of every table.
 */
export class FeatureSet {
  /** Low word first. Shared, never written after construction. */
  readonly words: Uint32Array
  /** Words below this one are zero: a single feature is found without looking at the others. */
  readonly start: number

  private constructor(words: Uint32Array, start = 0) {
    this.words = words
    this.start = start
  }

  static readonly empty = new FeatureSet(new Uint32Array(0))

  /** Only the bits of `mask`, in word number `word`. */
  static one(word: number, mask: U32): FeatureSet {
    const words = new Uint32Array(word + 1)
    words[word] = mask
    return new FeatureSet(words, word)
  }

  /** A set of these words, copied; each is taken modulo 2^32. */
  static of(words: Iterable<U32>): FeatureSet {
    return new FeatureSet(Uint32Array.from(words))
  }

  /** Takes `words` over: the caller must not write to it again. */
  static over(words: Uint32Array): FeatureSet {
    return new FeatureSet(words)
  }

  meet(other: FeatureSet): FeatureSet {
    const n = Math.min(this.words.length, other.words.length)
    if (n === 0) return FeatureSet.empty
    const words = new Uint32Array(n)
    for (let i = 0; i < n; i++) words[i] = at(this.words, i) & at(other.words, i)
    return new FeatureSet(words)
  }

  join(other: FeatureSet): FeatureSet {
    if (other.words.length === 0) return this
    if (this.words.length === 0) return other
    const [long, short] = this.words.length >= other.words.length ? [this, other] : [other, this]
    const words = long.words.slice()
    for (let i = 0; i < short.words.length; i++) words[i] = at(words, i) | at(short.words, i)
    return new FeatureSet(words)
  }

  minus(other: FeatureSet): FeatureSet {
    // Most policies are of no feature at all.
    if (other.words.length === 0 || this.words.length === 0) return this
    const words = this.words.slice()
    const n = Math.min(words.length, other.words.length)
    for (let i = 0; i < n; i++) words[i] = at(words, i) & ~at(other.words, i)
    return new FeatureSet(words)
  }

  /** Subset: every feature of this set is in `other`. */
  leq(other: FeatureSet): boolean {
    for (let i = this.start; i < this.words.length; i++) {
      if (at(this.words, i) & ~at(other.words, i)) return false
    }
    return true
  }

  eq(other: FeatureSet): boolean {
    return this.leq(other) && other.leq(this)
  }

  get isEmpty(): boolean {
    for (let i = this.start; i < this.words.length; i++) if (this.words[i] !== 0) return false
    return true
  }

  /** Whether any bit is in both. */
  meets(other: FeatureSet): boolean {
    const n = Math.min(this.words.length, other.words.length)
    for (let i = this.start; i < n; i++) if (at(this.words, i) & at(other.words, i)) return true
    return false
  }

  /** `this.minus(other).size`, without making the set. Four words of five are zero, and the other set's are then not read. */
  sizeWithout(other: FeatureSet): number {
    const { words } = this
    let n = 0
    for (let i = this.start; i < words.length; i++) {
      const word = words[i]
      if (word) n += popcount(word & ~at(other.words, i))
    }
    return n
  }

  /** How many bits are set. */
  get size(): number {
    let n = 0
    for (let i = 0; i < this.words.length; i++) n += popcount(at(this.words, i))
    return n
  }

  /** Words in hex, low word first: `00000003-80000000`. The empty set is the empty string. */
  toString(): string {
    return Array.from(this.words, word => hex(word)).join('-')
  }
}

/** Sets in `words`, which no other code sees yet, the bits of `set`. `words` is at least as long. */
export function addInto(words: Uint32Array, set: FeatureSet): void {
  for (let i = set.start; i < set.words.length; i++) words[i] = at(words, i) | at(set.words, i)
}

/** Clears in `words`, which no other code sees yet, the bits of `set`. */
export function removeFrom(words: Uint32Array, set: FeatureSet): void {
  const n = Math.min(words.length, set.words.length)
  for (let i = set.start; i < n; i++) words[i] = at(words, i) & ~at(set.words, i)
}

/** Clears in `words`, which no other code sees yet, what is not in `others`. Both are as long. */
export function keepOnly(words: Uint32Array, others: Uint32Array): void {
  for (let i = 0; i < words.length; i++) words[i] = at(words, i) & at(others, i)
}

/** A word that is not stored is zero. */
const at = (words: Uint32Array, i: number): U32 => words[i] ?? 0

/** A set that stands for all that are equal to it, and its number from 0 in order of appearance. */
interface InternedSet {
  readonly features: FeatureSet
  readonly key: number
}

/** Equal sets as one object and a number. A set that stands for others is known by its identity, unread; others are forgotten. */
export class Interner {
  readonly #bySet = new Map<FeatureSet, InternedSet>()
  readonly #byHash = new Map<number, InternedSet[]>()
  #count = 0

  intern(features: FeatureSet): InternedSet {
    const seen = this.#bySet.get(features)
    if (seen) return seen
    const hash = hashSet(features)
    const alike = this.#byHash.get(hash) ?? []
    let found = alike.find(other => other.features.eq(features))
    if (!found) {
      found = { features, key: this.#count++ }
      this.#byHash.set(hash, [...alike, found])
      this.#bySet.set(features, found)
    }
    return found
  }
}

/** Equal for equal sets: a word that is not stored is zero, and adds nothing. */
function hashSet({ words }: FeatureSet): number {
  let hash = 0
  for (let i = 0; i < words.length; i++) {
    const mixed = Math.imul((words[i] ?? 0) ^ ((words[i] ?? 0) >>> 15), 0x2c1b_3c6d + 2 * i)
    hash = (hash + (mixed ^ (mixed >>> 12))) | 0
  }
  return hash
}
