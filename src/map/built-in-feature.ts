import { bitMask } from '../core/bits.ts'
import type { Feature, FeatureClass, Order } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { Place } from '../core/place.ts'

/** What is known of a feature of our own data beside its place. */
interface FeatureFacts {
  readonly name: string
  readonly order: Order
  readonly class?: FeatureClass | undefined
  readonly migratable: boolean
}

/**
 * A feature of our own data: one bit. Its set is made when it is first asked for, which most never are, and its
 * title may be looked up as late.
 */
export class BuiltInFeature implements Feature {
  readonly name: string
  readonly index: number
  readonly place: Place
  readonly bit: number
  readonly migratable: boolean
  readonly order: Order
  declare readonly class?: FeatureClass
  /** Which of its table's words the bit is in. */
  readonly word: number
  readonly #title: string | (() => string)
  #bits: FeatureSet | undefined

  /** @param at the number of the bit, counted from the table's first word */
  constructor(facts: FeatureFacts, index: number, place: Place, at: number, title: string | (() => string)) {
    this.name = facts.name
    this.index = index
    this.place = place
    this.bit = at & 31
    this.migratable = facts.migratable
    this.order = facts.order
    if (facts.class) this.class = facts.class
    this.word = at >>> 5
    this.#title = title
  }

  get bits(): FeatureSet {
    this.#bits ??= FeatureSet.one(this.word, bitMask(this.bit))
    return this.#bits
  }

  get title(): string {
    return typeof this.#title === 'string' ? this.#title : this.#title()
  }
}
