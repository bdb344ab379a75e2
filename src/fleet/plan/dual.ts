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
