import type { Earning, Prices } from './dual.ts'
import type { Problem } from './problem.ts'

/** The most units of one vendor of which every set is looked at. */
export const TABLE_UNITS = 20

/**
 * The value of every set of one vendor's units as a pool. A set is a number whose bit `i` stands for the unit
 * `units[i]`; units ascend, so the lowest bit is the set's weakest.
 */
export class Table {
  readonly units: readonly number[]
  /** By set; -Infinity where a constraint is not kept. */
  readonly values: Float64Array
  /** What the lower and the upper half of a set are charged at the prices last asked about. */
  #charges: readonly [lower: Float64Array, upper: Float64Array] = [new Float64Array(0), new Float64Array(0)]
  readonly #problem: Problem

  constructor(problem: Problem, units: readonly number[]) {
    this.#problem = problem
    this.units = units
    this.values = worthsOf(problem, units)
    const weights = sums(units.map(u => problem.weights[u] ?? 0))
    const hosts = sums(units.map(u => problem.hosts[u] ?? 0))
    const pinned = units.reduce((set, u, i) => ((problem.pins[u] ?? -1) < 0 ? set : set | (1 << i)), 0)
    for (let set = 0; set < this.values.length; set++) {
      const clash = (set & pinned) !== 0 && this.#clash(set & pinned)
      const allowed = !clash && (hosts[set] ?? 0) >= problem.smallest
      this.values[set] = allowed ? (this.values[set] ?? 0) * (weights[set] ?? 0) : Number.NEGATIVE_INFINITY
    }
  }

  /** What the set earns at the prices last asked about. */
  earns(set: number): number {
    const [lower, upper] = this.#charges
    return (this.values[set] ?? 0) - (lower[set & HALF] ?? 0) - (upper[set >>> HALF_UNITS] ?? 0)
  }

  /** The most that a pool earns, for each of the units as its weakest. */
  earnings(prices: Prices): Earning[] {
    const charge = this.units.map(u => (this.#problem.weights[u] ?? 0) * (prices[u] ?? 0))
    this.#charges = [sums(charge.slice(0, HALF_UNITS)), sums(charge.slice(HALF_UNITS))]
    const best = this.#dearest()
    return this.units.map((root, i) => {
      const set = best[i] ?? 0
      return { root, earns: this.earns(set), units: () => this.unitsOf(set) }
    })
  }

  unitsOf(set: number): number[] {
    return this.units.filter((_, i) => (set >>> i) & 1)
  }

  /** For each of the units, the set that earns most of those of which it is the weakest. */
  #dearest(): Int32Array {
    const { values } = this
    const [lower, upper] = this.#charges
    const best = Int32Array.from(this.units, (_, i) => 1 << i)
    const most = Float64Array.from(best, set => this.earns(set))
    const lowest = Uint8Array.from(lower, (_, low) => (low === 0 ? HALF_UNITS : lowestBit(low)))
    // The innermost loop of all: sets in the order they are stored, a half at a time.
    for (let up = 0; up < upper.length; up++) {
      const charge = upper[up] ?? 0
      const start = up << HALF_UNITS
      for (let low = 0; low < lower.length; low++) {
        const earns = (values[start + low] ?? 0) - charge - (lower[low] ?? 0)
        const i = lowest[low] ?? HALF_UNITS
        if (i < HALF_UNITS && earns > (most[i] ?? 0)) {
          most[i] = earns
          best[i] = start + low
        }
      }
      const i = HALF_UNITS + lowestBit(up)
      if (up > 0 && (values[start] ?? 0) - charge > (most[i] ?? 0)) {
        most[i] = (values[start] ?? 0) - charge
        best[i] = start
      }
    }
    return best
  }

  #clash(set: number): boolean {
    const units = this.unitsOf(set)
    return units.some(u => units.some(v => !this.#problem.together(u, v)))
  }
}

/** Sets are charged by halves, whose charges stay in the processor's first cache. */
const HALF_UNITS = 10
const HALF = 2 ** HALF_UNITS - 1
/** The number of a set's lowest bit. */
const lowestBit = (set: number): number => 31 - Math.clz32(set & -set)

/** For each set the sum of its members' numbers. */
function sums(numbers: readonly number[]): Float64Array {
  const found = new Float64Array(2 ** numbers.length)
  for (let set = 1; set < found.length; set++) {
    found[set] = (found[set & (set - 1)] ?? 0) + (numbers[lowestBit(set)] ?? 0)
  }
  return found
}

/**
 * For each set what its baseline is worth. A feature is put down at the set of all units that have it; then
 * every set takes up what is put down at those that have one unit more, unit by unit.
 */
function worthsOf(problem: Problem, units: readonly number[]): Float64Array {
  const worths = new Float64Array(2 ** units.length)
  worths[worths.length - 1] = problem.base
  for (let bit = 0; bit < problem.width * 32; bit++) {
    const having = units.reduce((set, u, i) => (problem.has(u, bit) ? set | (1 << i) : set), 0)
    worths[having] = (worths[having] ?? 0) + problem.worthOfBit(bit)
  }
  for (let step = 1; step < worths.length; step *= 2) {
    for (let set = 0; set < worths.length; set++) {
      if ((set & step) === 0) worths[set] = (worths[set] ?? 0) + (worths[set | step] ?? 0)
    }
  }
  return worths
}
