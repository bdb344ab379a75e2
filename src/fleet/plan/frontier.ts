import type { Prices, ReducedValue } from './dual.ts'
import type { Problem } from './problem.ts'

/** How often the rate is narrowed down, and the parts of 1 that penalties are rounded to. */
const NARROWINGS = 12
const PARTS = 1024

/**
 * The family with penalties that lower what its pools promise most at these prices: a feature of the baseline that
 * several items lack is charged to them in equal shares, at one rate for all. A pool loses a feature once,
 * however many of its items lack it, so its items are never charged for more than it loses; and it loses
 * `top - least` at most, which is given back.
 */
function addPenalties(problem: Problem, family: HostFamily, prices: Prices): HostFamily {
  const budget = family.top - family.least
  const free = { ...family, penalties: new Float64Array(family.others.length), credit: 0 }
  const shares = computeShares(problem, family, findWanted(problem, free, prices))
  const at = (rate: number): HostFamily => ({
    ...family,
    penalties: shares.map(share => Math.floor(rate * share * PARTS) / PARTS),
    credit: Math.ceil(rate * budget * PARTS) / PARTS,
  })
  const reduced = (rate: number) => boundFamily(problem, at(rate), prices)
  let [low, high] = [0, computeRateLimit(problem, family, prices)]
  for (let i = 0; i < NARROWINGS; i++) {
    const third = (high - low) / 3
    if (reduced(low + third) <= reduced(high - third)) high -= third
    else low += third
  }
  const found = at((low + high) / 2)
  return boundFamily(problem, found, prices) < boundFamily(problem, family, prices) ? found : family
}

/** At all that the family's items could bring, none would pay for a single feature. */
const computeRateLimit = ({ weights }: Problem, { others, most }: HostFamily, prices: Prices): number =>
  others.reduce((sum, u, i) => sum + (weights[u] ?? 0) * Math.max(0, (most[i] ?? 0) - (prices[u] ?? 0)), 0)

/** For each of `others`, the worth of what it takes from the baseline, each feature shared by those at `places`. */
function computeShares(
  problem: Problem,
  { words, others }: HostFamily,
  places: readonly number[],
): Float64Array {
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

  /** One family for each item: all pools of which it is the weakest. */
  constructor(problem: Problem) {
    this.#problem = problem
    this.#families = Array.from({ length: problem.size }, (_, root) => [makeWholeFamily(problem, root)])
    this.#size = problem.size
  }

  /** How many families there are. */
  get size(): number {
    return this.#size
  }

  /** For each item the most that a pool of its families reduced. */
  reducedValues(prices: Prices): ReducedValue[] {
    return this.#families.map((families, root) => {
      const { family, reduced } = this.#best(families, prices)
      return {
        root,
        reduced,
        items: () => (family ? this.#itemsOf(family, findWanted(this.#problem, family, prices)) : []),
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

  #best(
    families: readonly HostFamily[],
    prices: Prices,
  ): { family: HostFamily | undefined; reduced: number } {
    let [family, reduced]: [HostFamily | undefined, number] = [undefined, Number.NEGATIVE_INFINITY]
    for (const one of families) {
      const found = boundFamily(this.#problem, one, prices)
      if (found > reduced) [family, reduced] = [one, found]
    }
    return { family, reduced }
  }

  /**
   * What takes the family's place. Where its best pool's items promise different worths, though they would
   * share one baseline: the poorer pools and the richer. Where they promise the same and their baseline is
   * worth less: penalties, or the pools with one of them and those without it.
   */
  #parts(family: HostFamily, prices: Prices): readonly HostFamily[] | undefined {
    const places = findWanted(this.#problem, family, prices)
    const [least, most] = [
      places.reduce((min, i) => Math.min(min, family.most[i] ?? 0), family.cap),
      family.cap,
    ]
    if (least < most) return splitByWorth(family, this.#middle(family, places, least))
    if (this.#worthOf(this.#itemsOf(family, places)) >= most) return undefined
    const charged = addPenalties(this.#problem, family, prices)
    const before = boundFamily(this.#problem, family, prices)
    const after = boundFamily(this.#problem, charged, prices)
    if (before - after > WORTHWHILE * Math.abs(before)) return [charged]
    const place = this.#tallest(family, places, prices)
    return place < 0 ? undefined : splitByItem(this.#problem, family, place)
  }

  #itemsOf({ within, others }: HostFamily, places: readonly number[]): number[] {
    return [...within, ...places.map(i => others[i] ?? 0)]
  }

  /** The mean of what the items promise, by weight, but from `least` to below the cap: both sides have some. */
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

  #worthOf(items: readonly number[]): number {
    const words = this.#problem.everything.slice()
    for (const u of items) this.#problem.meetInto(words, u)
    return this.#problem.worth(words)
  }

  /** Of the items that lower the family's baseline, the place of the one that brings most; -1: none does. */
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

/**
 * A family of pools: those whose weakest item is `root`, that have every item of `within` and of the rest only
 * such as are in `others`, and whose baselines are worth from `least` to `cap`.
 */
interface HostFamily {
  readonly root: number
  /** `root` first. */
  readonly within: readonly number[]
  /** What `within` has in common, and what that is worth. */
  readonly words: Uint32Array
  readonly top: number
  readonly least: number
  readonly cap: number
  readonly others: Int32Array
  /** For each of `others`, at least what the baseline of any pool with it is worth; never above `cap`. */
  readonly most: Float64Array
  /**
   * What each of `others` is charged for the features it takes from the baseline, and what is given back: no
   * less than what the items of any pool are charged, for none takes more than `top - least`.
   */
  readonly penalties: Float64Array
  readonly credit: number
}

/** All pools of which `root` is the weakest item. */
function makeWholeFamily(problem: Problem, root: number): HostFamily {
  const words = problem.of(root)
  const stronger = Array.from({ length: problem.size - root - 1 }, (_, i) => root + 1 + i)
  const others = Int32Array.from(stronger.filter(u => problem.together(root, u)))
  const top = problem.worths[root] ?? 0
  const most = Float64Array.from(others, u => problem.worthWith(words, u))
  const penalties = new Float64Array(others.length)
  return { root, within: [root], words, top, least: 0, cap: top, others, most, penalties, credit: 0 }
}

/** The most that a pool of the family reduced. Items of `within` count whatever they bring, others what is above 0. */
function boundFamily({ weights }: Problem, family: HostFamily, prices: Prices): number {
  const { within, others, most, penalties, cap } = family
  let reduced = family.credit
  for (let i = 0; i < others.length; i++) {
    const u = others[i] ?? 0
    const brings = (weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0)) - (penalties[i] ?? 0)
    if (brings > 0) reduced += brings
  }
  for (const u of within) reduced += (weights[u] ?? 0) * (cap - (prices[u] ?? 0))
  return reduced
}

/** Of `others`, by their place in it, those in the pool that would earn that much. */
function findWanted({ weights }: Problem, { others, most, penalties }: HostFamily, prices: Prices): number[] {
  const places = Array.from(others.keys())
  return places.filter(i => {
    const u = others[i] ?? 0
    return (weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0)) - (penalties[i] ?? 0) > 0
  })
}

/** The family's pools whose baselines are worth no more than `worth`, and those whose are worth more. */
function splitByWorth(family: HostFamily, worth: number): [poorer: HostFamily, richer: HostFamily] {
  const rich = Array.from(family.others.keys()).filter(i => (family.most[i] ?? 0) > worth)
  return [
    { ...family, cap: worth, most: family.most.map(most => Math.min(most, worth)) },
    { ...keepOnly(family, rich), least: worth + 1 },
  ]
}

/** The family's pools with the item at a place of `others`, and those without. */
function splitByItem(
  problem: Problem,
  family: HostFamily,
  place: number,
): [having: HostFamily, lacking: HostFamily] {
  const u = family.others[place] ?? 0
  const words = family.words.slice()
  problem.meetInto(words, u)
  const cap = Math.min(family.cap, family.most[place] ?? 0)
  const places = Array.from(family.others.keys()).filter(i => i !== place)
  const worthOf = (i: number) =>
    Math.min(cap, family.most[i] ?? 0, problem.worthWith(words, family.others[i] ?? 0))
  const joint = places.filter(i => problem.together(u, family.others[i] ?? 0) && worthOf(i) >= family.least)
  return [
    {
      ...keepOnly(family, joint),
      within: [...family.within, u],
      words,
      top: problem.worth(words),
      cap,
      most: Float64Array.from(joint, worthOf),
      penalties: new Float64Array(joint.length),
      credit: 0,
    },
    keepOnly(family, places),
  ]
}

/** The family with only these places of `others`. What is charged and given back stays true. */
const keepOnly = (family: HostFamily, places: readonly number[]): HostFamily => ({
  ...family,
  others: Int32Array.from(places, i => family.others[i] ?? 0),
  most: Float64Array.from(places, i => family.most[i] ?? 0),
  penalties: Float64Array.from(places, i => family.penalties[i] ?? 0),
})
