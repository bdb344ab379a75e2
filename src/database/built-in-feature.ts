import { bitMask } from '../core/bits.ts'
import type { Feature, FeatureClass } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { Order } from '../core/order.ts'
import type { Place } from '../core/place.ts'
import type { FeatureRow } from './parse-features.ts'

/** A feature of `features.txt`: one bit. Its set is made when it is first asked for, which most never are. */
export class BuiltInFeature implements Feature {
  readonly name: string
  readonly index: number
  readonly place: Place
  readonly bit: number
  readonly migratable: boolean
  readonly order: Order
  declare readonly class?: FeatureClass
  readonly title: string
  /** Which of its table's words the bit is in. */
  readonly word: number
  #bits: FeatureSet | undefined

  constructor(row: FeatureRow, index: number, place: Place, word: number) {
    this.name = row.name
    this.index = index
    this.place = place
    this.bit = row.bit % 32
    this.migratable = row.flags.migratable
    this.order = row.flags.order
    if (row.flags.class) this.class = row.flags.class
    this.title = row.title
    this.word = word
  }

  get bits(): FeatureSet {
    this.#bits ??= FeatureSet.one(this.word, bitMask(this.bit))
    return this.#bits
  }
}
