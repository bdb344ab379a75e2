import type { Earning, Prices } from './dual.ts'
import { earnsAtMost, type HostFamily, splitByUnit, splitByWorth, wanted, wholeFamily } from './family.ts'
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
function withFees(problem: Problem, family: HostFamily, prices: Prices): HostFamily {
  const budget = family.top - family.least
  const free = { ...family, fees: new Float64Array(family.others.length), refund: 0 }
  const shares = sharesOf(problem, family, wanted(problem, free, prices))
  const at = (rate: number): HostFamily => ({
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
const rateLimit = ({ weights }: Problem, { others, most }: HostFamily, prices: Prices): number =>
  others.reduce((sum, u, i) => sum + (weights[u] ?? 0) * Math.max(0, (most[i] ?? 0) - (prices[u] ?? 0)), 0)

/** For each of `others`, the worth of what it takes from the baseline, each feature shared by those at `places`. */
function sharesOf(problem: Problem, { words, others }: HostFamily, places: readonly number[]): Float64Array {
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

/** A refinement must lower what a family promises by this part of it to stand; else the family is split. */
const WORTHWHILE = 0.002

/** Families that hold every pool there can be: an oracle for bounds, finer where it was asked for. */
export class Frontier {
  readonly #problem: Problem
  readonly #families: HostFamily[][]
  #size: number

  /** One family for each unit: all pools of which it is the weakest. */
  constructor(problem: Problem) {
    this.#problem = problem
    this.#families = Array.from({ length: problem.size }, (_, root) => [wholeFamily(problem, root)])
    this.#size = problem.size
  }

  /** How many families there are. */
  get size(): number {
    return this.#size
  }

  /** For each unit the most that a pool of its families earns. */
  earnings(prices: Prices): Earning[] {
    return this.#families.map((families, root) => {
      const { family, earns } = this.#best(families, prices)
      return {
        root,
        earns,
        units: () => (family ? this.#unitsOf(family, wanted(this.#problem, family, prices)) : []),
      }
    })
  }

  /** Makes the best family of each of these roots finer. False: none can be, for all promise what they hold. */
  refine(roots: readonly number[], prices: Prices): boolean {
    let finer = false
    for (const root of roots) {
      const { family } = this.#best(this.#families[root] ?? [], prices)
      const parts = family && this.#parts(family, prices)
      if (!family || !parts) continue
      this.#families[root] = (this.#families[root] ?? []).filter(other => other !== family).concat(parts)
      this.#size += parts.length - 1
      finer = true
    }
    return finer
  }

  #best(families: readonly HostFamily[], prices: Prices): { family: HostFamily | undefined; earns: number } {
    let [family, earns]: [HostFamily | undefined, number] = [undefined, Number.NEGATIVE_INFINITY]
    for (const one of families) {
      const found = earnsAtMost(this.#problem, one, prices)
      if (found > earns) [family, earns] = [one, found]
    }
    return { family, earns }
  }

  /**
   * What takes the family's place. Where its best pool's units promise different worths, though they would
   * share one baseline: the poorer pools and the richer. Where they promise the same and their baseline is
   * worth less: fees, or the pools with one of them and those without it.
   */
  #parts(family: HostFamily, prices: Prices): readonly HostFamily[] | undefined {
    const places = wanted(this.#problem, family, prices)
    const [least, most] = [
      places.reduce((min, i) => Math.min(min, family.most[i] ?? 0), family.cap),
      family.cap,
    ]
    if (least < most) return splitByWorth(family, this.#middle(family, places, least))
    if (this.#worthOf(this.#unitsOf(family, places)) >= most) return undefined
    const charged = withFees(this.#problem, family, prices)
    const before = earnsAtMost(this.#problem, family, prices)
    const after = earnsAtMost(this.#problem, charged, prices)
    if (before - after > WORTHWHILE * Math.abs(before)) return [charged]
    const place = this.#tallest(family, places, prices)
    return place < 0 ? undefined : splitByUnit(this.#problem, family, place)
  }

  #unitsOf({ within, others }: HostFamily, places: readonly number[]): number[] {
    return [...within, ...places.map(i => others[i] ?? 0)]
  }

  /** The mean of what the units promise, by weight, but from `least` to below the cap: both sides have some. */
  #middle({ within, others, most, cap }: HostFamily, places: readonly number[], least: number): number {
    const { weights } = this.#problem
    let weight = within.reduce((sum, u) => sum + (weights[u] ?? 0), 0)
    let promised = weight * cap
    for (const i of places) {
      weight += weights[others[i] ?? 0] ?? 0
      promised += (weights[others[i] ?? 0] ?? 0) * (most[i] ?? 0)
    }
    return Math.min(cap - 1, Math.max(least, Math.floor(weight > 0 ? promised / weight : least)))
  }

  #worthOf(units: readonly number[]): number {
    const words = this.#problem.everything.slice()
    for (const u of units) this.#problem.meetInto(words, u)
    return this.#problem.worth(words)
  }

  /** Of the units that lower the family's baseline, the place of the one that brings most; -1: none does. */
  #tallest({ words, top, others, most }: HostFamily, places: readonly number[], prices: Prices): number {
    let [best, brings] = [-1, 0]
    for (const i of places) {
      const u = others[i] ?? 0
      if (this.#problem.worthWith(words, u) >= top) continue
      const found = (this.#problem.weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0))
      if (found > brings) [best, brings] = [i, found]
    }
    return best
  }
}
