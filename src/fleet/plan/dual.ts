import type { Problem } from './problem.ts'

/**
 * For each item, what one part of its weight is charged for being in a pool. Whatever the prices, no partition
 * has more value than all prices together and what its pools earn beyond them; good prices make that tight.
 */
export type Prices = Float64Array

/** The most that a pool with this weakest item reduced, and the items that such a pool has. */
export interface ReducedValue {
  readonly root: number
  readonly reduced: number
  /** Made when asked for: only the open pools' are. */
  readonly items: () => readonly number[]
}

/** For each item, the best pool of which it is the weakest, or more than that. */
export type Oracle = (prices: Prices) => readonly ReducedValue[]

/** No partition has more value than `most`; `open` are the pools that would attain it, were they disjoint. */
interface Bound {
  readonly most: number
  readonly open: readonly ReducedValue[]
}

/**
 * The bound for `count` pools. Pools of one partition have different weakest items, and the weakest item of a
 * vendor is always one; so the value is at most all prices and those and the largest other reducedValues.
 */
export function computeBound(
  problem: Problem,
  reducedValues: readonly ReducedValue[],
  prices: Prices,
  count: number,
): Bound {
  const must = reducedValues.filter(({ root }) => problem.weakest.has(root))
  const may = reducedValues.filter(({ root, reduced }) => !problem.weakest.has(root) && reduced > 0)
  may.sort((a, b) => b.reduced - a.reduced || a.root - b.root)
  const open = [...must, ...may.slice(0, Math.max(0, count - must.length))]
  return { most: open.reduce((sum, { reduced }) => sum + reduced, sumPrices(problem, prices)), open }
}

/** What all items are charged together. */
export const sumPrices = ({ weights }: Problem, prices: Prices): number =>
  prices.reduce((sum, price, u) => sum + (weights[u] ?? 0) * price, 0)

/** The prices that prove the least bound found, and that bound. */
export interface DualPoint {
  readonly prices: Prices
  readonly most: number
}

/**
 * Lowers the bound for `count` pools by moving the prices along a subgradient, at most down to `value`, which
 * some partition has: a item that no open pool wants is cheapened, one that several want grows dearer.
 */
export function lowerBound(
  problem: Problem,
  oracle: Oracle,
  from: Prices,
  count: number,
  value: number,
  steps: number,
): DualPoint {
  let [prices, pace, idle] = [from, 1, 0]
  let best: DualPoint = { prices, most: Number.POSITIVE_INFINITY }
  for (let step = 0; step < steps; step++) {
    const { most, open } = computeBound(problem, oracle(prices), prices, count)
    idle = most < best.most ? 0 : idle + 1
    if (most < best.most) best = { prices, most }
    if (idle >= 6) [pace, idle] = [pace / 2, 0]
    if (Math.floor(best.most) <= value || pace < 1e-3) break
    prices = movePrices(problem, prices, open, pace * (most - value))
  }
  return best
}

function movePrices(
  { weights, size }: Problem,
  prices: Prices,
  open: readonly ReducedValue[],
  drop: number,
): Prices {
  const wanted = new Int32Array(size).fill(-1)
  for (const { items } of open) for (const u of items()) wanted[u] = (wanted[u] ?? 0) + 1
  const norm = wanted.reduce((sum, many, u) => sum + (weights[u] ?? 0) * many * many, 0)
  if (norm === 0) return prices
  return prices.map((price, u) => roundPrice(price + (drop / norm) * (wanted[u] ?? 0)))
}

/**
 * Rounded to parts of 1024, and all else is whole, so that no sum is ever rounded while it is below 2^43: what
 * is proved is proved.
 */
const roundPrice = (price: number): number => Math.round(price * 1024) / 1024

/** The most items of one vendor of which every set is looked at. */
export const TABLE_ITEMS = 20

/**
 * The value of every set of one vendor's items as a pool. A set is a number whose bit `i` stands for the item
 * `items[i]`; items ascend, so the lowest bit is the set's weakest.
 */
export class SetTable {
  readonly items: readonly number[]
  /** By set; -Infinity where a constraint is not kept. */
  readonly values: Float64Array
  /** What the lower and the upper half of a set are charged at the prices last asked about. */
  #charges: readonly [lower: Float64Array, upper: Float64Array] = [new Float64Array(0), new Float64Array(0)]
  readonly #problem: Problem

  constructor(problem: Problem, items: readonly number[]) {
    this.#problem = problem
    this.items = items
    this.values = computeWorths(problem, items)
    const weights = sumBySet(items.map(u => problem.weights[u] ?? 0))
    const hosts = sumBySet(items.map(u => problem.hosts[u] ?? 0))
    const pinned = items.reduce((set, u, i) => ((problem.pins[u] ?? -1) < 0 ? set : set | (1 << i)), 0)
    for (let set = 0; set < this.values.length; set++) {
      const clash = (set & pinned) !== 0 && this.#clash(set & pinned)
      const allowed = !clash && (hosts[set] ?? 0) >= problem.smallest
      this.values[set] = allowed ? (this.values[set] ?? 0) * (weights[set] ?? 0) : Number.NEGATIVE_INFINITY
    }
  }

  /** What the set reduced at the prices last asked about. */
  reducedValueOf(set: number): number {
    const [lower, upper] = this.#charges
    return (this.values[set] ?? 0) - (lower[set & HALF] ?? 0) - (upper[set >>> HALF_ITEMS] ?? 0)
  }

  /** The most that a pool reduced, for each of the items as its weakest. */
  reducedValues(prices: Prices): ReducedValue[] {
    const charge = this.items.map(u => (this.#problem.weights[u] ?? 0) * (prices[u] ?? 0))
    this.#charges = [sumBySet(charge.slice(0, HALF_ITEMS)), sumBySet(charge.slice(HALF_ITEMS))]
    const best = this.#dearest()
    return this.items.map((root, i) => {
      const set = best[i] ?? 0
      return { root, reduced: this.reducedValueOf(set), items: () => this.itemsOf(set) }
    })
  }

  itemsOf(set: number): number[] {
    return this.items.filter((_, i) => (set >>> i) & 1)
  }

  /** For each of the items, the set that reduced most of those of which it is the weakest. */
  #dearest(): Int32Array {
    const { values } = this
    const [lower, upper] = this.#charges
    const best = Int32Array.from(this.items, (_, i) => 1 << i)
    const most = Float64Array.from(best, set => this.reducedValueOf(set))
    const lowest = Uint8Array.from(lower, (_, low) => (low === 0 ? HALF_ITEMS : lowestBit(low)))
    // The innermost loop of all: sets in the order they are stored, a half at a time.
    for (let up = 0; up < upper.length; up++) {
      const charge = upper[up] ?? 0
      const start = up << HALF_ITEMS
      for (let low = 0; low < lower.length; low++) {
        const reduced = (values[start + low] ?? 0) - charge - (lower[low] ?? 0)
        const i = lowest[low] ?? HALF_ITEMS
        if (i < HALF_ITEMS && reduced > (most[i] ?? 0)) {
          most[i] = reduced
          best[i] = start + low
        }
      }
      const i = HALF_ITEMS + lowestBit(up)
      if (up > 0 && (values[start] ?? 0) - charge > (most[i] ?? 0)) {
        most[i] = (values[start] ?? 0) - charge
        best[i] = start
      }
    }
    return best
  }

  #clash(set: number): boolean {
    const items = this.itemsOf(set)
    return items.some(u => items.some(v => !this.#problem.together(u, v)))
  }
}

/** Sets are charged by halves, whose charges stay in the processor's first cache. */
const HALF_ITEMS = 10
const HALF = 2 ** HALF_ITEMS - 1
/** The number of a set's lowest bit. */
const lowestBit = (set: number): number => 31 - Math.clz32(set & -set)

/** For each set the sum of its members' numbers. */
function sumBySet(numbers: readonly number[]): Float64Array {
  const found = new Float64Array(2 ** numbers.length)
  for (let set = 1; set < found.length; set++) {
    found[set] = (found[set & (set - 1)] ?? 0) + (numbers[lowestBit(set)] ?? 0)
  }
  return found
}

/**
 * For each set what its baseline is worth. A feature is put down at the set of all items that have it; then
 * every set takes up what is put down at those that have one item more, item by item.
 */
function computeWorths(problem: Problem, items: readonly number[]): Float64Array {
  const worths = new Float64Array(2 ** items.length)
  worths[worths.length - 1] = problem.base
  for (let bit = 0; bit < problem.width * 32; bit++) {
    const having = items.reduce((set, u, i) => (problem.has(u, bit) ? set | (1 << i) : set), 0)
    worths[having] = (worths[having] ?? 0) + problem.worthOfBit(bit)
  }
  for (let step = 1; step < worths.length; step *= 2) {
    for (let set = 0; set < worths.length; set++) {
      if ((set & step) === 0) worths[set] = (worths[set] ?? 0) + (worths[set | step] ?? 0)
    }
  }
  return worths
}
