import type { Prices } from './dual.ts'
import type { Problem } from './problem.ts'

/**
 * A family of pools: those whose weakest unit is `root`, that have every unit of `within` and of the rest only
 * such as are in `others`, and whose baselines are worth from `least` to `cap`.
 */
export interface HostFamily {
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
   * less than what the units of any pool are charged, for none takes more than `top - least`.
   */
  readonly fees: Float64Array
  readonly refund: number
}

/** All pools of which `root` is the weakest unit. */
export function wholeFamily(problem: Problem, root: number): HostFamily {
  const words = problem.of(root)
  const stronger = Array.from({ length: problem.size - root - 1 }, (_, i) => root + 1 + i)
  const others = Int32Array.from(stronger.filter(u => problem.together(root, u)))
  const top = problem.worths[root] ?? 0
  const most = Float64Array.from(others, u => problem.worthWith(words, u))
  const fees = new Float64Array(others.length)
  return { root, within: [root], words, top, least: 0, cap: top, others, most, fees, refund: 0 }
}

/** The most that a pool of the family earns. Units of `within` count whatever they bring, others what is above 0. */
export function earnsAtMost({ weights }: Problem, family: HostFamily, prices: Prices): number {
  const { within, others, most, fees, cap } = family
  let earns = family.refund
  for (let i = 0; i < others.length; i++) {
    const u = others[i] ?? 0
    const brings = (weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0)) - (fees[i] ?? 0)
    if (brings > 0) earns += brings
  }
  for (const u of within) earns += (weights[u] ?? 0) * (cap - (prices[u] ?? 0))
  return earns
}

/** Of `others`, by their place in it, those in the pool that would earn that much. */
export function wanted({ weights }: Problem, { others, most, fees }: HostFamily, prices: Prices): number[] {
  const places = Array.from(others.keys())
  return places.filter(i => {
    const u = others[i] ?? 0
    return (weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0)) - (fees[i] ?? 0) > 0
  })
}

/** The family's pools whose baselines are worth no more than `worth`, and those whose are worth more. */
export function splitByWorth(family: HostFamily, worth: number): [poorer: HostFamily, richer: HostFamily] {
  const rich = Array.from(family.others.keys()).filter(i => (family.most[i] ?? 0) > worth)
  return [
    { ...family, cap: worth, most: family.most.map(most => Math.min(most, worth)) },
    { ...only(family, rich), least: worth + 1 },
  ]
}

/** The family's pools with the unit at a place of `others`, and those without. */
export function splitByUnit(
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
      ...only(family, joint),
      within: [...family.within, u],
      words,
      top: problem.worth(words),
      cap,
      most: Float64Array.from(joint, worthOf),
      fees: new Float64Array(joint.length),
      refund: 0,
    },
    only(family, places),
  ]
}

/** The family with only these places of `others`. What is charged and given back stays true. */
const only = (family: HostFamily, places: readonly number[]): HostFamily => ({
  ...family,
  others: Int32Array.from(places, i => family.others[i] ?? 0),
  most: Float64Array.from(places, i => family.most[i] ?? 0),
  fees: Float64Array.from(places, i => family.fees[i] ?? 0),
})
