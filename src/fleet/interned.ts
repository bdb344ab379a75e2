import type { FeatureSet } from '../core/feature-set.ts'

/** A set that stands for all that are equal to it, and its number from 0 in order of appearance. */
interface InternedSet {
  readonly features: FeatureSet
  readonly key: number
}

/** Equal sets as one object and a number. A set seen before is known by its identity, unread. */
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
    }
    this.#bySet.set(features, found)
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
