import { popcount } from '../../core/bits.ts'
import { bytewise } from '../../core/text.ts'
import type { Valuation } from '../value.ts'
import { type Item, nameOf } from './items.ts'

/**
 * Items as numbers, made for speed: item `u` is one of 0 to `size - 1` in ascending order of worth, ties by
 * name, so that the item with the least number in a pool is its weakest. Its features are `width` words from
 * `u * width` of `bits`, and only those that are worth something and that some item lacks.
 */
export class Problem {
  readonly items: readonly Item[]
  readonly size: number
  readonly width: number
  readonly bits: Uint32Array
  /** Of each item: the sum of its hosts' weights, how many hosts, and what its features are worth. */
  readonly weights: Float64Array
  readonly hosts: Int32Array
  readonly worths: Float64Array
  /** Of each item: a number for its vendor, and one for its pin, -1 for none. */
  readonly vendors: Int32Array
  readonly pins: Int32Array
  /** Items without a weaker one of their vendor: each is the weakest of its pool, whatever the partition. */
  readonly weakest: ReadonlySet<number>
  readonly anyPins: boolean
  /** The items in the order of their names. */
  readonly byName: Int32Array
  /** The least number of hosts that a pool may have. */
  readonly smallest: number
  /** Of each item: its bits that are not set, counted from 0, the lowest of the first word. */
  readonly lacks: readonly Int32Array[]
  /** The words of everything: the baseline of no items. */
  readonly everything: Uint32Array
  /** What the features that all items have are worth. */
  readonly base: number
  /** What one bit of each word is worth. */
  readonly #perBit: Float64Array

  constructor(valuation: Valuation, items: readonly Item[], smallest = 1) {
    const worth = new Map(items.map(item => [item, valuation.worth(item.worthy)]))
    const worthOf = (item: Item) => worth.get(item) ?? 0
    this.items = [...items].sort((a, b) => worthOf(a) - worthOf(b) || bytewise(nameOf(a), nameOf(b)))
    this.size = items.length
    this.smallest = smallest
    const columns = makeColumns(valuation, items)
    this.width = columns.length
    this.#perBit = Float64Array.from(columns, ({ weight }) => weight)
    this.bits = new Uint32Array(this.size * this.width)
    this.items.forEach(({ worthy }, u) => {
      columns.forEach(({ word, mask }, c) => {
        this.bits[u * this.width + c] = (worthy.words[word] ?? 0) & mask
      })
    })
    this.everything = Uint32Array.from(columns, ({ mask }) => mask)
    this.lacks = this.items.map((_, u) => this.#lacking(u))
    this.worths = Float64Array.from(this.items, worthOf)
    this.base = (this.worths[0] ?? 0) - this.#sum(this.of(0))
    this.weights = Float64Array.from(this.items, ({ weight }) => weight)
    this.hosts = Int32Array.from(this.items, ({ hosts }) => hosts)
    this.vendors = numberValues(this.items.map(({ vendor }) => vendor))
    const { vendors } = this
    this.weakest = new Set(Array.from(vendors.keys()).filter(u => vendors.indexOf(vendors[u] ?? 0) === u))
    this.pins = numberValues(this.items.map(({ pin }) => pin))
    this.anyPins = this.pins.some(pin => pin >= 0)
    const number = new Map(this.items.map((item, u) => [item, u]))
    const named = [...this.items].sort((a, b) => bytewise(nameOf(a), nameOf(b)))
    this.byName = Int32Array.from(named, item => number.get(item) ?? 0)
  }

  /** The words of a item: a view, not to be written to. */
  of(u: number): Uint32Array {
    return this.bits.subarray(u * this.width, (u + 1) * this.width)
  }

  /** Whether two items may be in one pool. */
  together(u: number, v: number): boolean {
    if (this.vendors[u] !== this.vendors[v]) return false
    const [a = -1, b = -1] = [this.pins[u], this.pins[v]]
    return a === b || a < 0 || b < 0
  }

  /** Whether item `u` has a bit: 0 is the lowest of its first word. */
  has(u: number, bit: number): boolean {
    return (((this.bits[u * this.width + (bit >>> 5)] ?? 0) >>> (bit & 31)) & 1) === 1
  }

  /** What a bit is worth. */
  worthOfBit(bit: number): number {
    return this.#perBit[bit >>> 5] ?? 0
  }

  /** What these words are worth. */
  worth(words: Uint32Array): number {
    return this.base + this.#sum(words)
  }

  /** What these words and item `u` have in common is worth. */
  worthWith(words: Uint32Array, u: number): number {
    const { bits, width } = this
    let sum = this.base
    for (let c = 0, at = u * width; c < width; c++, at++) {
      sum += (this.#perBit[c] ?? 0) * popcount((words[c] ?? 0) & (bits[at] ?? 0))
    }
    return sum
  }

  /** Takes from `words` what item `u` has not. */
  meetInto(words: Uint32Array, u: number): void {
    const { bits, width } = this
    for (let c = 0, at = u * width; c < width; c++, at++) words[c] = (words[c] ?? 0) & (bits[at] ?? 0)
  }

  #lacking(u: number): Int32Array {
    const bits = Array.from({ length: this.width * 32 }, (_, bit) => bit)
    const whole = (bit: number) => (((this.everything[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
    return Int32Array.from(bits.filter(bit => whole(bit) && !this.has(u, bit)))
  }

  #sum(words: Uint32Array): number {
    let sum = 0
    for (let c = 0; c < this.width; c++) sum += (this.#perBit[c] ?? 0) * popcount(words[c] ?? 0)
    return sum
  }
}

/** A number from 0 for each different value, in order of appearance; -1 for undefined. */
function numberValues(values: readonly (string | undefined)[]): Int32Array {
  const known = new Map<string, number>()
  return Int32Array.from(values, value => {
    if (value === undefined) return -1
    const number = known.get(value) ?? known.size
    known.set(value, number)
    return number
  })
}

/** A word in which items differ, and the bits of it that are worth the same. */
interface Column {
  readonly word: number
  readonly mask: number
  readonly weight: number
}

/** A column for every word and weight in which items differ. */
function makeColumns({ masks }: Valuation, items: readonly Item[]): Column[] {
  const [first, ...rest] = items
  if (!first) return []
  const all = rest.reduce((set, { worthy }) => set.meet(worthy), first.worthy)
  const some = rest.reduce((set, { worthy }) => set.join(worthy), first.worthy).minus(all)
  return masks.flatMap(({ weight, words }) =>
    Array.from(words, (bits, word) => ({
      word,
      weight,
      mask: (bits & (some.words[word] ?? 0)) >>> 0,
    })).filter(({ mask }) => mask !== 0),
  )
}

/** A partition of a problem's items, and what decides between two. */
export interface Solution {
  readonly value: number
  /** How many pools. */
  readonly pools: number
  /** The number of hosts of the smallest. */
  readonly smallest: number
  /** The pool of each item, items by name; pools are numbered from 0 in order of appearance. */
  readonly places: Int32Array
}

/** The solution in which item `u` is in pool `pool[u]`; undefined where a constraint is not kept. */
export function makeSolution(problem: Problem, pool: ArrayLike<number>): Solution | undefined {
  const made: PoolDraft[] = []
  const byNumber = new Map<number, number>()
  const places = new Int32Array(problem.size)
  for (let i = 0; i < problem.size; i++) {
    const u = problem.byName[i] ?? 0
    const number = pool[u] ?? -1
    let place = byNumber.get(number)
    if (place === undefined) {
      place = made.length
      byNumber.set(number, place)
      made.push({ words: problem.everything.slice(), weight: 0, hosts: 0, items: [] })
    }
    places[i] = place
    if (!addItem(problem, made[place], u)) return undefined
  }
  if (made.some(({ hosts }) => hosts < problem.smallest)) return undefined
  const value = made.reduce((sum, { words, weight }) => sum + weight * problem.worth(words), 0)
  return { value, pools: made.length, smallest: Math.min(...made.map(({ hosts }) => hosts)), places }
}

/** The pool of each item by the problem's numbers. */
export function poolsOfItems(problem: Problem, { places }: Solution): Int32Array {
  const pool = new Int32Array(problem.size)
  places.forEach((place, i) => {
    pool[problem.byName[i] ?? 0] = place
  })
  return pool
}

/**
 * Below 0 where `a` is the better: the greater value, then the fewer pools, then the larger smallest pool, then
 * the partition that puts the first item by name, of those in which they differ, with the earlier pool.
 */
function compareRank(a: Solution, b: Solution): number {
  return (
    b.value - a.value || a.pools - b.pools || b.smallest - a.smallest || comparePlaces(a.places, b.places)
  )
}

/** The better of the two; undefined is worse than any. */
export const pickBetter = (a: Solution | undefined, b: Solution | undefined): Solution | undefined =>
  a && b ? (compareRank(a, b) <= 0 ? a : b) : (a ?? b)

export function comparePlaces(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

interface PoolDraft {
  readonly words: Uint32Array
  weight: number
  hosts: number
  readonly items: number[]
}

function addItem(problem: Problem, made: PoolDraft | undefined, u: number): boolean {
  if (!made?.items.every(v => problem.together(u, v))) return false
  problem.meetInto(made.words, u)
  made.weight += problem.weights[u] ?? 0
  made.hosts += problem.hosts[u] ?? 0
  made.items.push(u)
  return true
}

/** The best partition found into at most `count` pools, and how good any other can be. */
export interface SolveResult {
  readonly count: number
  /** Undefined: none was found that keeps the constraints. */
  readonly solution: Solution | undefined
  /** No partition into at most so many pools has more value. */
  readonly bound: number
  /** Every partition was looked at or ruled out: none has a better rank, and without a solution there is none. */
  readonly exhaustive: boolean
}
