import type { Prices } from './dual.ts'
import type { Problem } from './problem.ts'

/**
 * A family of pools: those whose weakest item is `root`, that have every item of `within` and of the rest only
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
   * less than what the items of any pool are charged, for none takes more than `top - least`.
   */
  readonly penalties: Float64Array
  readonly credit: number
}

/** All pools of which `root` is the weakest item. */
export function makeWholeFamily(problem: Problem, root: number): HostFamily {
  const words = problem.of(root)
  const stronger = Array.from({ length: problem.size - root - 1 }, (_, i) => root + 1 + i)
  const others = Int32Array.from(stronger.filter(u => problem.together(root, u)))
  const top = problem.worths[root] ?? 0
  const most = Float64Array.from(others, u => problem.worthWith(words, u))
  const penalties = new Float64Array(others.length)
  return { root, within: [root], words, top, least: 0, cap: top, others, most, penalties, credit: 0 }
}

/** The most that a pool of the family reduced. Items of `within` count whatever they bring, others what is above 0. */
export function boundFamily({ weights }: Problem, family: HostFamily, prices: Prices): number {
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
export function findWanted(
  { weights }: Problem,
  { others, most, penalties }: HostFamily,
  prices: Prices,
): number[] {
  const places = Array.from(others.keys())
  return places.filter(i => {
    const u = others[i] ?? 0
    return (weights[u] ?? 0) * ((most[i] ?? 0) - (prices[u] ?? 0)) - (penalties[i] ?? 0) > 0
  })
}

/** The family's pools whose baselines are worth no more than `worth`, and those whose are worth more. */
export function splitByWorth(family: HostFamily, worth: number): [poorer: HostFamily, richer: HostFamily] {
  const rich = Array.from(family.others.keys()).filter(i => (family.most[i] ?? 0) > worth)
  return [
    { ...family, cap: worth, most: family.most.map(most => Math.min(most, worth)) },
    { ...keepOnly(family, rich), least: worth + 1 },
  ]
}

/** The family's pools with the item at a place of `others`, and those without. */
export function splitByItem(
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
