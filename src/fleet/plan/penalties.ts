import type { Prices } from './dual.ts'
import { earnsAtMost, type Family, wanted } from './family.ts'
import type { Problem } from './problem.ts'

/** How often the rate is narrowed down, and the parts of 1 that fees are rounded to. */
const NARROWINGS = 12
const PARTS = 1024

/**
 * The family with fees that lower what its pools promise most at these prices: a feature of the baseline that
 * several units lack is charged to them in equal shares, at one rate for all. A pool loses a feature once,
 * however many of its units lack it, so its units are never charged for more than it loses; and it loses
 * `top - least` at most, which is given back.
 */
export function withFees(problem: Problem, family: Family, prices: Prices): Family {
  const budget = family.top - family.least
  const free = { ...family, fees: new Float64Array(family.others.length), refund: 0 }
  const shares = sharesOf(problem, family, wanted(problem, free, prices))
  const at = (rate: number): Family => ({
    ...family,
    fees: shares.map(share => Math.floor(rate * share * PARTS) / PARTS),
    refund: Math.ceil(rate * budget * PARTS) / PARTS,
  })
  const earns = (rate: number) => earnsAtMost(problem, at(rate), prices)
  let [low, high] = [0, rateLimit(problem, family, prices)]
  for (let i = 0; i < NARROWINGS; i++) {
    const third = (high - low) / 3
    if (earns(low + third) <= earns(high - third)) high -= third
    else low += third
  }
  const found = at((low + high) / 2)
  return earnsAtMost(problem, found, prices) < earnsAtMost(problem, family, prices) ? found : family
}

/** At all that the family's units could bring, none would pay for a single feature. */
const rateLimit = ({ weights }: Problem, { others, most }: Family, prices: Prices): number =>
  others.reduce((sum, u, i) => sum + (weights[u] ?? 0) * Math.max(0, (most[i] ?? 0) - (prices[u] ?? 0)), 0)

/** For each of `others`, the worth of what it takes from the baseline, each feature shared by those at `places`. */
function sharesOf(problem: Problem, { words, others }: Family, places: readonly number[]): Float64Array {
  const has = (bit: number) => (((words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
  const lacks = (place: number) => problem.lacks[others[place] ?? 0] ?? []
  const lacking = new Int32Array(problem.width * 32)
  for (const place of places) for (const bit of lacks(place)) lacking[bit] = (lacking[bit] ?? 0) + 1
  const shares = new Float64Array(others.length)
  for (const place of places) {
    for (const bit of lacks(place)) {
      if (has(bit)) shares[place] = (shares[place] ?? 0) + problem.worthOfBit(bit) / (lacking[bit] ?? 1)
    }
  }
  return shares
}
