import { bitMask, type U32 } from './bits.ts'
import type { NamedRegisters } from './cpu.ts'
import type { Feature, FeatureClass, Order, Place } from './feature.ts'
import { addInto, FeatureSet } from './feature-set.ts'
import { intern, internWhole } from './memo.ts'

/** A bit of a register that has a name. */
interface NamedBit {
  readonly register: string
  readonly bit: number
}

/** Where a table finds its features. */
interface Indexes {
  readonly byName: ReadonlyMap<string, Feature>
  /** The feature of each bit where every feature is exactly one bit of its own, as in libvirt's maps. */
  readonly byBit: readonly (Feature | undefined)[] | undefined
}

/**
 * The features of one architecture in map order, and the words their bits live in.
 * Every `FeatureSet` of the architecture is laid out by this table.
 */
export class FeatureTable {
  readonly words: readonly Place[]
  readonly #read: () => readonly Feature[]
  #list: readonly Feature[] | undefined
  #all: FeatureSet | undefined
  readonly #byOrder = new Map<Order, FeatureSet>()
  #made: Indexes | undefined

  /** @param list or what makes it, when a feature is first asked for: the names of models need none */
  constructor(list: readonly Feature[] | (() => readonly Feature[]), words: readonly Place[]) {
    this.#read = typeof list === 'function' ? list : () => list
    this.words = words
  }

  get list(): readonly Feature[] {
    this.#list ??= this.#read()
    return this.#list
  }

  get #indexes(): Indexes {
    this.#made ??= makeIndexes(this)
    return this.#made
  }

  /** Every bit of every feature. */
  get all(): FeatureSet {
    this.#all ??= this.setOf(this.list)
    return this.#all
  }

  get(name: string): Feature | undefined {
    return this.#indexes.byName.get(name)
  }

  /**
   * This table and more features behind it, each one bit of words of that name; the features that it has are the same.
   * @param more `at`: where manuals have it; absent: in those words
   */
  with(
    word: string,
    more: readonly (Pick<Feature, 'name' | 'order' | 'title'> & {
      class: FeatureClass | undefined
      at?: NamedBit
    })[],
  ): { readonly table: FeatureTable; readonly added: readonly Feature[] } {
    const added = more.map(({ class: of, at: said, ...own }, i): Feature => {
      const at = this.words.length + (i >>> 5)
      return {
        ...own,
        ...(of ? { class: of } : {}),
        index: this.list.length + i,
        bits: FeatureSet.of([...new Array<number>(at).fill(0), bitMask(i & 31)]),
        place: { kind: 'named', name: said?.register ?? word, offset: said ? said.bit - (i & 31) : i & ~31 },
        bit: i & 31,
        migratable: true,
      }
    })
    const places = Array.from({ length: Math.ceil(more.length / 32) }, (_, i) => ({
      kind: 'named' as const,
      name: word,
      offset: 32 * i,
    }))
    return { table: new FeatureTable([...this.list, ...added], [...this.words, ...places]), added }
  }

  /** Every word of `set`, or all zero: to be filled by the caller before anyone sees it. */
  blank(set = FeatureSet.empty): Uint32Array {
    const words = new Uint32Array(this.words.length)
    words.set(set.words)
    return words
  }

  /** The features in registers that have names. A register that is missing reads as zero. */
  setOfRegisters(registers: NamedRegisters): FeatureSet {
    const words = this.words.map(place => {
      if (place.kind !== 'named') return 0
      return Number(BigInt.asUintN(32, (registers.get(place.name) ?? 0n) >> BigInt(place.offset)))
    })
    return FeatureSet.of(words).meet(this.all)
  }

  /** The register that has a feature, and its bit there; undefined for other words and where registers have no names. */
  placeInRegister(name: string): NamedBit | undefined {
    const feature = this.get(name)
    if (feature?.place.kind !== 'named') return undefined
    return { register: feature.place.name, bit: feature.place.offset + feature.bit }
  }

  /** The join of the features' bits. */
  setOf(features: Iterable<Feature>): FeatureSet {
    const words = this.blank()
    for (const feature of features) addInto(words, feature.bits)
    return FeatureSet.over(words)
  }

  /** The features of those names, in their order; a name that no feature has is left out. */
  named(names: Iterable<string>): Feature[] {
    const { byName } = this.#indexes
    return Array.from(names).flatMap(name => byName.get(name) ?? [])
  }

  /** The same as a set. */
  setOfNames(names: Iterable<string>): FeatureSet {
    return this.setOf(this.named(names))
  }

  /**
   * The features that are in `set`, in map order. Bits that make no whole feature are passed over;
   * a bit counts for the first feature that claims it.
   */
  in(set: FeatureSet): Feature[] {
    const { byBit } = this.#indexes
    return byBit ? ofBits(set, byBit) : ofMasks(set, this.list)
  }

  /** `in(set.minus(other))`, without making the set: what is missing is asked of every guest and host. */
  inWithout(set: FeatureSet, other: FeatureSet): Feature[] {
    const { byBit } = this.#indexes
    return byBit ? ofBits(set, byBit, other.words, -1) : this.in(set.minus(other))
  }

  /** `in(set.meet(other))`, without making the set. */
  inBoth(set: FeatureSet, other: FeatureSet): Feature[] {
    const { byBit } = this.#indexes
    return byBit ? ofBits(set, byBit, other.words, 0) : this.in(set.meet(other))
  }

  /**
   * Sets the bits of the feature of that name in `words`, which no other code sees yet; returns whether there is
   * such a feature. Pools of hosts are read at the speed of this function.
   */
  addTo(words: Uint32Array, name: string): boolean {
    const feature = this.#indexes.byName.get(name)
    if (feature instanceof BuiltInFeature) {
      words[feature.word] = (words[feature.word] ?? 0) | (1 << feature.bit)
    } else if (feature) addInto(words, feature.bits)
    return feature !== undefined
  }

  /** The features of any of these orders. */
  withOrder(...orders: readonly Order[]): FeatureSet {
    return orders.reduce((set, order) => set.join(this.#ofOrder(order)), FeatureSet.empty)
  }

  #ofOrder(order: Order): FeatureSet {
    let set = this.#byOrder.get(order)
    if (!set) {
      set = this.setOf(this.list.filter(feature => feature.order === order))
      this.#byOrder.set(order, set)
    }
    return set
  }

  /** How many features are in `set` and not in `other`: `in(set.minus(other)).length`. Every bit is some feature's. */
  count(set: FeatureSet, other = FeatureSet.empty): number {
    return this.#indexes.byBit ? set.sizeWithout(other) : this.in(set.minus(other)).length
  }
}

function makeIndexes({ list, words }: FeatureTable): Indexes {
  const byName = new Map<string, Feature>()
  // `for … of` costs a cold process an object each.
  list.forEach(feature => {
    byName.set(feature instanceof BuiltInFeature ? feature.name : intern(feature.name), feature)
  })
  return { byName, byBit: oneBitEach(list, words.length) }
}

/** Answers undefined unless each feature is one bit, no two share one, and bits ascend with map order. */
function oneBitEach(list: readonly Feature[], words: number): (Feature | undefined)[] | undefined {
  const byBit = new Array<Feature | undefined>(words * 32).fill(undefined)
  let last = -1
  const isNext = (feature: Feature): boolean => {
    const at = feature instanceof BuiltInFeature ? feature.word * 32 + feature.bit : onlyBit(feature.bits)
    if (at === undefined || at <= last) return false
    byBit[at] = feature
    last = at
    return true
  }
  return list.every(isNext) ? byBit : undefined
}

/** The number of the only bit that is set, counted from the first word. */
function onlyBit({ words, start }: FeatureSet): number | undefined {
  let at: number | undefined
  for (let w = start; w < words.length; w++) {
    const word = words[w] ?? 0
    if (word === 0) continue
    if (at !== undefined || word & (word - 1)) return undefined
    at = w * 32 + 31 - Math.clz32(word)
  }
  return at
}

/** @param other only of its bits, or with -1 as `flip` only of those that it has not; absent: of all */
function ofBits(
  { words }: FeatureSet,
  byBit: readonly (Feature | undefined)[],
  other: Uint32Array = NO_WORDS,
  flip = -1,
): Feature[] {
  const found: Feature[] = []
  for (let w = 0; w < words.length; w++) {
    for (let rest: U32 = (words[w] ?? 0) & ((other[w] ?? 0) ^ flip); rest !== 0; rest &= rest - 1) {
      const feature = byBit[w * 32 + 31 - Math.clz32(rest & -rest)]
      if (feature) found.push(feature)
    }
  }
  return found
}

const NO_WORDS = new Uint32Array(0)

function ofMasks(set: FeatureSet, list: readonly Feature[]): Feature[] {
  let rest = set
  return list.filter(feature => {
    const has = !feature.bits.isEmpty && feature.bits.leq(rest)
    if (has) rest = rest.minus(feature.bits)
    return has
  })
}

/**
 * The second algebra: each field folded by its own order. It says what is *safe*, and serves notes, audits
 * and `--best`; libvirt's questions are answered by `FeatureSet` alone.
 */
export interface SafeMeet {
  /** What a guest may see on any of the CPUs: abilities of all, hazards of any. */
  readonly features: FeatureSet
  /** Fields that must agree and do not: no value is right for every CPU. They are off in `features`. */
  readonly conflicts: readonly Feature[]
}

/** The greatest CPU that is safe on every one of `all`; none has nothing. */
export function safeMeet(table: FeatureTable, all: readonly FeatureSet[]): SafeMeet {
  const [first, ...rest] = all
  if (!first) return { features: FeatureSet.empty, conflicts: [] }
  const common = rest.reduce((set, other) => set.meet(other), first)
  const any = rest.reduce((set, other) => set.join(other), first)
  const hazards = any.meet(table.withOrder('|', '>'))
  const conflicts = any.minus(common).meet(table.withOrder('='))
  return { features: common.join(hazards), conflicts: table.in(conflicts) }
}

/**
 * Whether what relies on `a` is safe on `b`: abilities of `a` are there, hazards of `b` are known to `a`,
 * fields that must agree agree. Hints and what the OS owns do not count.
 */
export function safeLeq(table: FeatureTable, a: FeatureSet, b: FeatureSet): boolean {
  const [lost, gained] = [a.minus(b), b.minus(a)]
  return !lost.meets(table.withOrder('&', '<', '=')) && !gained.meets(table.withOrder('|', '>', '='))
}

/** What is known of a feature of our own data beside its place. */
interface FeatureFacts {
  readonly name: string
  readonly order: Order
  readonly class?: FeatureClass | undefined
  readonly migratable: boolean
  readonly unoffered?: boolean
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
  declare readonly unoffered?: true
  /** Which of its table's words the bit is in. */
  readonly word: number
  readonly #title: string | ((index: number) => string)
  #bits: FeatureSet | undefined

  /**
   * @param at the number of the bit, counted from the table's first word
   * @param title or what finds it by the feature's index
   */
  constructor(
    facts: FeatureFacts,
    index: number,
    place: Place,
    at: number,
    title: string | ((index: number) => string),
  ) {
    this.name = internWhole(facts.name)
    this.index = index
    this.place = place
    this.bit = at & 31
    this.migratable = facts.migratable
    this.order = facts.order
    if (facts.class) this.class = facts.class
    if (facts.unoffered) this.unoffered = true
    this.word = at >>> 5
    this.#title = title
  }

  get bits(): FeatureSet {
    this.#bits ??= FeatureSet.one(this.word, bitMask(this.bit))
    return this.#bits
  }

  get title(): string {
    return typeof this.#title === 'string' ? this.#title : this.#title(this.index)
  }
}
