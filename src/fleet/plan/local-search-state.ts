import type { Problem } from './problem.ts'

/**
 * A partition being worked on: what a move would gain is known in the time it takes to meet two CPUs. For that
 * each pool counts, for every bit, the items that lack it, and adds up their numbers: of one alone, its number.
 */
export class LocalSearchState {
  readonly problem: Problem
  /** The pool of each item. */
  readonly pool: Int32Array
  /** The most pools there may be; some may be empty. */
  readonly count: number
  readonly #pools: PoolState[]
  /** Of each item: what its pool's baseline would be worth more without it. */
  readonly #release: Float64Array

  constructor(problem: Problem, pool: ArrayLike<number>, count: number) {
    this.problem = problem
    this.pool = Int32Array.from(pool)
    this.count = count
    this.#release = new Float64Array(problem.size)
    this.#pools = Array.from({ length: count }, () => makeEmptyPool(problem))
    this.pool.forEach((p, u) => {
      this.#add(p, u)
    })
    for (let p = 0; p < count; p++) this.#refresh(p)
  }

  /** The value of the pools as they are. */
  get value(): number {
    return this.#pools.reduce((sum, pool) => sum + poolValueOf(pool), 0)
  }

  membersOf(p: number): readonly number[] {
    return this.#at(p).members
  }

  /** What the baseline of pool `p` is worth; of an empty one: what everything is worth. */
  worthOf(p: number): number {
    return this.#at(p).worth
  }

  /** What the baseline of pool `p` would be worth with item `u`. */
  worthWith(p: number, u: number): number {
    return this.problem.worthWith(this.#at(p).words, u)
  }

  /** Whether item `u` may be in pool `p`. */
  admits(p: number, u: number): boolean {
    const { vendors, pins, anyPins } = this.problem
    const { members } = this.#at(p)
    const [first] = members
    if (first === undefined) return true
    if (vendors[first] !== vendors[u]) return false
    return !anyPins || (pins[u] ?? -1) < 0 || members.every(v => v === u || this.problem.together(u, v))
  }

  /** What the value gains when item `u` moves to pool `to`; -Infinity where it may not. */
  gainOfMove(u: number, to: number): number {
    const from = this.pool[u] ?? 0
    if (from === to || !this.#keepsSizes(u, from, to) || !this.admits(to, u)) return Number.NEGATIVE_INFINITY
    const weight = this.problem.weights[u] ?? 0
    const [left, there] = [this.#at(from), this.#at(to)]
    const without = (left.weight - weight) * (left.worth + (this.#release[u] ?? 0))
    const joined = (there.weight + weight) * this.worthWith(to, u)
    return without + joined - poolValueOf(left) - poolValueOf(there)
  }

  move(u: number, to: number): void {
    const from = this.pool[u] ?? 0
    this.pool[u] = to
    this.#remove(from, u)
    this.#add(to, u)
    for (const p of [from, to]) this.#refresh(p)
  }

  #at(p: number): PoolState {
    const pool = this.#pools[p]
    if (!pool) throw new RangeError(`there is no pool ${p}`)
    return pool
  }

  #keepsSizes(u: number, from: number, to: number): boolean {
    const { hosts, smallest } = this.problem
    const moved = hosts[u] ?? 0
    const left = this.#at(from)
    if (left.members.length > 1 && left.hosts - moved < smallest) return false
    return this.#at(to).hosts + moved >= smallest
  }

  #add(p: number, u: number): void {
    const pool = this.#at(p)
    pool.members.push(u)
    pool.weight += this.problem.weights[u] ?? 0
    pool.hosts += this.problem.hosts[u] ?? 0
    for (const bit of this.problem.lacks[u] ?? []) {
      pool.lacking[bit] = (pool.lacking[bit] ?? 0) + 1
      pool.sums[bit] = (pool.sums[bit] ?? 0) + u
    }
    this.problem.meetInto(pool.words, u)
  }

  #remove(p: number, u: number): void {
    const pool = this.#at(p)
    pool.members.splice(pool.members.indexOf(u), 1)
    pool.weight -= this.problem.weights[u] ?? 0
    pool.hosts -= this.problem.hosts[u] ?? 0
    for (const bit of this.problem.lacks[u] ?? []) {
      const lacking = (pool.lacking[bit] ?? 0) - 1
      pool.lacking[bit] = lacking
      pool.sums[bit] = (pool.sums[bit] ?? 0) - u
      if (lacking === 0) pool.words[bit >>> 5] = (pool.words[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
  }

  #refresh(p: number): void {
    const pool = this.#at(p)
    pool.worth = this.problem.worth(pool.words)
    for (const u of pool.members) this.#release[u] = 0
    for (let bit = 0; bit < pool.lacking.length; bit++) {
      if (pool.lacking[bit] !== 1) continue
      const u = pool.sums[bit] ?? 0
      this.#release[u] = (this.#release[u] ?? 0) + this.problem.worthOfBit(bit)
    }
  }
}

interface PoolState {
  readonly members: number[]
  /** What all members have. */
  readonly words: Uint32Array
  /** By bit: how many members lack it, and the sum of their numbers. */
  readonly lacking: Int32Array
  readonly sums: Int32Array
  worth: number
  weight: number
  hosts: number
}

const makeEmptyPool = (problem: Problem): PoolState => ({
  members: [],
  words: problem.everything.slice(),
  lacking: new Int32Array(problem.width * 32),
  sums: new Int32Array(problem.width * 32),
  worth: 0,
  weight: 0,
  hosts: 0,
})

const poolValueOf = ({ weight, worth }: PoolState): number => weight * worth
