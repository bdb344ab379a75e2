import { FeatureSet } from '../../core/feature-set.ts'
import type { BuiltInFeature } from '../built-in-feature.ts'
import type { SetRow } from '../model-rows.ts'
import { faultIn, type Statement } from './data-file.ts'
import { forEachName } from './delta.ts'

/** Turns the names of deltas into bits: features of a table, and named sets as they are defined. */
export class FeatureBits {
  readonly #features: ReadonlyMap<string, BuiltInFeature>
  readonly #words: number
  readonly #sets = new Map<string, FeatureSet>()

  /** @param words how many words the features' table has */
  constructor(features: ReadonlyMap<string, BuiltInFeature>, words: number) {
    this.#features = features
    this.#words = words
  }

  /** @throws ParseError for a set defined twice, and for names that are not known above this line */
  define({ at, name, base, delta }: SetRow): void {
    if (this.#sets.has(name)) throw faultIn(at, `\`${name}\` is defined above already`, name)
    this.#sets.set(name, this.apply(delta, base ? this.set(base, at) : FeatureSet.empty, at))
  }

  /** The features of `@name`. @throws ParseError where no such set is defined above */
  set(name: string, at: Statement): FeatureSet {
    const set = this.#sets.get(name)
    if (!set) throw faultIn(at, `no set above is called \`${name}\``, name)
    return set
  }

  /** @throws ParseError where libvirt has no such feature */
  feature(name: string, at: Statement): BuiltInFeature {
    const feature = this.#features.get(name)
    if (!feature) throw faultIn(at, `no feature is called \`${name}\``, name)
    return feature
  }

  /** `base` without what the delta removes and with what it adds. @throws ParseError */
  apply(delta: string, base: FeatureSet, at: Statement): FeatureSet {
    if (delta === '') return base
    const words = new Uint32Array(this.#words)
    words.set(base.words)
    forEachName(delta, at, (name, on) => {
      if (name.charAt(0) === '@') writeWords(words, this.set(name, at).words, on)
      else {
        const { word, bit } = this.feature(name, at)
        writeWord(words, word, 1 << bit, on)
      }
    })
    return FeatureSet.over(words)
  }
}

function writeWords(words: Uint32Array, set: Uint32Array, on: boolean): void {
  for (let i = 0; i < set.length; i++) writeWord(words, i, set[i] ?? 0, on)
}

function writeWord(words: Uint32Array, i: number, mask: number, on: boolean): void {
  const word = words[i] ?? 0
  words[i] = on ? word | mask : word & ~mask
}
