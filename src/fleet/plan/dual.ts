import type { Problem } from './problem.ts'

/**
 * For each unit, what one part of its weight is charged for being in a pool. Whatever the prices, no partition
 * has more value than all prices together and what its pools earn beyond them; good prices make that tight.
 */
export type Prices = Float64Array

/** The most that a pool with this weakest unit earns, and the units that such a pool has. */
export interface Earning {
  readonly root: number
  readonly earns: number
  /** Made when asked for: only the open pools' are. */
  readonly units: () => readonly number[]
}

/** For each unit, the best pool of which it is the weakest, or more than that. */
export type Oracle = (prices: Prices) => readonly Earning[]

/** No partition has more value than `most`; `open` are the pools that would attain it, were they disjoint. */
interface Bound {
  readonly most: number
  readonly open: readonly Earning[]
}

/**
 * The bound for `count` pools. Pools of one partition have different weakest units, and the weakest unit of a
 * vendor is always one; so the value is at most all prices and those and the largest other earnings.
 */
export function boundOf(
  problem: Problem,
  earnings: readonly Earning[],
  prices: Prices,
  count: number,
): Bound {
  const must = earnings.filter(({ root }) => problem.weakest.has(root))
  const may = earnings.filter(({ root, earns }) => !problem.weakest.has(root) && earns > 0)
  may.sort((a, b) => b.earns - a.earns || a.root - b.root)
  const open = [...must, ...may.slice(0, Math.max(0, count - must.length))]
  return { most: open.reduce((sum, { earns }) => sum + earns, totalOf(problem, prices)), open }
}

/** What all units are charged together. */
export const totalOf = ({ weights }: Problem, prices: Prices): number =>
  prices.reduce((sum, price, u) => sum + (weights[u] ?? 0) * price, 0)

/** The prices that prove the least bound found, and that bound. */
export interface Descent {
  readonly prices: Prices
  readonly most: number
}

/**
 * Lowers the bound for `count` pools by moving the prices along a subgradient, at most down to `value`, which
 * some partition has: a unit that no open pool wants is cheapened, one that several want grows dearer.
 */
export function descend(
  problem: Problem,
  oracle: Oracle,
  from: Prices,
  count: number,
  value: number,
  steps: number,
): Descent {
  let [prices, pace, idle] = [from, 1, 0]
  let best: Descent = { prices, most: Number.POSITIVE_INFINITY }
  for (let step = 0; step < steps; step++) {
    const { most, open } = boundOf(problem, oracle(prices), prices, count)
    idle = most < best.most ? 0 : idle + 1
    if (most < best.most) best = { prices, most }
    if (idle >= 6) [pace, idle] = [pace / 2, 0]
    if (Math.floor(best.most) <= value || pace < 1e-3) break
    prices = moved(problem, prices, open, pace * (most - value))
  }
  return best
}

function moved({ weights, size }: Problem, prices: Prices, open: readonly Earning[], drop: number): Prices {
  const wanted = new Int32Array(size).fill(-1)
  for (const { units } of open) for (const u of units()) wanted[u] = (wanted[u] ?? 0) + 1
  const norm = wanted.reduce((sum, many, u) => sum + (weights[u] ?? 0) * many * many, 0)
  if (norm === 0) return prices
  return prices.map((price, u) => exactPrice(price + (drop / norm) * (wanted[u] ?? 0)))
}

/**
 * Rounded to parts of 1024, and all else is whole, so that no sum is ever rounded while it is below 2^43: what
 * is proved is proved.
 */
const exactPrice = (price: number): number => Math.round(price * 1024) / 1024
