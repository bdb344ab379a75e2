import { FeatureSet } from '../../core/feature-set.ts'
import type { BuiltInFeature, FeatureTable } from '../../core/feature-table.ts'
import { type DataStatement, faultIn } from './data-file.ts'
import type { ModelsFile, SetRow } from './parse-models.ts'

/** What a line takes away and adds, as written: feature names and `@sets`. Removals come first. */
export interface Delta {
  readonly minus: readonly string[]
  readonly plus: readonly string[]
}

/** Reads `[- NAME …] [+ NAME …]`, part of a statement. @throws ParseError */
export function parseDelta(text: string, at: DataStatement): Delta {
  const delta: { minus: string[]; plus: string[] } = { minus: [], plus: [] }
  forEachName(text, at, (name, on) => (on ? delta.plus : delta.minus).push(name))
  return delta
}

/** Hands over each name of a delta and whether it is added. @throws ParseError */
function forEachName(text: string, at: DataStatement, take: (name: string, on: boolean) => void): void {
  const tokens = text.split(' ')
  let sign = ''
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (token === '+' || (token === '-' && sign === '')) sign = token
    else if (token === '-') throw faultIn(at, 'what is taken away comes before what is added', token)
    else if (token !== '') {
      if (sign === '') throw faultIn(at, 'expected `- NAME …` or `+ NAME …`', token)
      take(token, sign === '+')
    }
  }
}

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
  set(name: string, at: DataStatement): FeatureSet {
    const set = this.#sets.get(name)
    if (!set) throw faultIn(at, `no set above is called \`${name}\``, name)
    return set
  }

  /** @throws ParseError where libvirt has no such feature */
  feature(name: string, at: DataStatement): BuiltInFeature {
    const feature = this.#features.get(name)
    if (!feature) throw faultIn(at, `no feature is called \`${name}\``, name)
    return feature
  }

  /** `base` without what the delta removes and with what it adds. @throws ParseError */
  apply(delta: string, base: FeatureSet, at: DataStatement): FeatureSet {
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

/** The features of every `@set`, by name. */
export function setsOf(table: FeatureTable, files: readonly ModelsFile[]): Map<string, FeatureSet> {
  const sets = new Map<string, FeatureSet>()
  const bits = (names: readonly string[]) =>
    names.reduce(
      (all, name) => all.join(sets.get(name) ?? table.get(name)?.bits ?? FeatureSet.empty),
      FeatureSet.empty,
    )
  for (const { name, base, delta, at } of files.flatMap(file => file.sets)) {
    const { minus, plus } = parseDelta(delta, at)
    sets.set(name, (sets.get(base ?? '') ?? FeatureSet.empty).minus(bits(minus)).join(bits(plus)))
  }
  return sets
}
