import type { Earning, Prices } from './dual.ts'
import { earnsAtMost, type Family, splitByUnit, splitByWorth, wanted, wholeFamily } from './family.ts'
import { withFees } from './penalties.ts'
import type { Problem } from './problem.ts'

/** A refinement must lower what a family promises by this part of it to stand; else the family is split. */
const WORTHWHILE = 0.002

/** Families that hold every pool there can be: an oracle for bounds, finer where it was asked for. */
export class Frontier {
  readonly #problem: Problem
  readonly #families: Family[][]
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

  #best(families: readonly Family[], prices: Prices): { family: Family | undefined; earns: number } {
    let [family, earns]: [Family | undefined, number] = [undefined, Number.NEGATIVE_INFINITY]
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
  #parts(family: Family, prices: Prices): readonly Family[] | undefined {
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

  #unitsOf({ within, others }: Family, places: readonly number[]): number[] {
    return [...within, ...places.map(i => others[i] ?? 0)]
  }

  /** The mean of what the units promise, by weight, but from `least` to below the cap: both sides have some. */
  #middle({ within, others, most, cap }: Family, places: readonly number[], least: number): number {
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
  #tallest({ words, top, others, most }: Family, places: readonly number[], prices: Prices): number {
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
