import { makeSolution, type Problem, type Solution } from './problem.ts'

/** How often a round that helps is followed by another: bounds the time, and is seldom reached. */
const ROUNDS = 12
/** How many items are tried as the seed of a pool, and how many pools as the one to give up for it. */
const SEEDS = 10
const CLOSINGS = 3

/**
 * The best partition into at most `count` pools that can be reached from `pool` by moving single items, and by
 * giving up one pool for a new one. Answers undefined where a constraint is not kept.
 */
export function searchLocally(
  problem: Problem,
  pool: ArrayLike<number>,
  count: number,
): Solution | undefined {
  let draft = new LocalSearchState(problem, pool, count)
  moveUntilStable(draft)
  for (let round = 0; round < ROUNDS; round++) {
    const next = findBestReopening(draft)
    if (!next) break
    draft = next
  }
  return makeSolution(problem, draft.pool)
}

/** Moves items one by one to where they gain most, until none gains. */
function moveUntilStable(draft: LocalSearchState, rounds = 4 * ROUNDS): void {
  for (let round = 0; round < rounds; round++) {
    let moved = false
    for (let u = 0; u < draft.problem.size; u++) moved = moveToBestPool(draft, u) || moved
    if (!moved) return
  }
}

function moveToBestPool(draft: LocalSearchState, u: number): boolean {
  let [best, gain] = [-1, 0]
  for (let p = 0; p < draft.count; p++) {
    const found = draft.gainOfMove(u, p)
    if (found > gain) [best, gain] = [p, found]
  }
  if (best >= 0) draft.move(u, best)
  return best >= 0
}

/** The best of the promising ways to give up a pool for a new one; undefined where none gains. */
function findBestReopening(draft: LocalSearchState): LocalSearchState | undefined {
  let [best, value]: [LocalSearchState | undefined, number] = [undefined, draft.value]
  const closings = findClosings(draft)
  for (const seed of findSeeds(draft)) {
    for (const p of closings) {
      const found = reopenPool(draft, p, seed)
      if (found && found.value > value) [best, value] = [found, found.value]
    }
  }
  return best
}

/** The draft with the items of pool `p` elsewhere, and `p` a new pool around `seed`. */
function reopenPool(draft: LocalSearchState, p: number, seed: number): LocalSearchState | undefined {
  const { problem } = draft
  const next = new LocalSearchState(problem, draft.pool, draft.count)
  for (const u of [...next.membersOf(p)]) {
    if (u === seed) continue
    const to = findRefuge(next, u, p)
    if (to < 0) return undefined
    next.move(u, to)
  }
  if (next.pool[seed] !== p) next.move(seed, p)
  const words = problem.of(seed)
  const pull = (u: number) => problem.worthWith(words, u) - next.worthOf(next.pool[u] ?? 0)
  const pulled = Array.from({ length: problem.size }, (_, u) => ({ u, pull: pull(u) }))
    .filter(one => one.u !== seed && one.pull > 0)
    .sort((a, b) => b.pull - a.pull || a.u - b.u)
  for (const { u } of pulled) if (next.gainOfMove(u, p) > 0) next.move(u, p)
  moveUntilStable(next, 2)
  return next
}

/** The other pool whose baseline is worth most with item `u`; -1 where none admits it. */
function findRefuge(draft: LocalSearchState, u: number, not: number): number {
  let [best, worth] = [-1, -1]
  for (let p = 0; p < draft.count; p++) {
    if (p === not || draft.membersOf(p).length === 0 || !draft.admits(p, u)) continue
    const found = draft.worthWith(p, u)
    if (found > worth) [best, worth] = [p, found]
  }
  return best
}

/** An empty pool if there is one, else those whose items lose least by going elsewhere. */
function findClosings(draft: LocalSearchState): number[] {
  const all = Array.from({ length: draft.count }, (_, p) => p)
  const empty = all.find(p => draft.membersOf(p).length === 0)
  if (empty !== undefined) return [empty]
  const loss = (p: number) =>
    draft.membersOf(p).reduce((sum, u) => {
      const to = findRefuge(draft, u, p)
      const there = to < 0 ? Number.NEGATIVE_INFINITY : draft.worthWith(to, u)
      return sum + (draft.problem.weights[u] ?? 0) * (draft.worthOf(p) - there)
    }, 0)
  const losses = all.map(p => ({ p, loss: loss(p) })).filter(one => one.loss < Number.POSITIVE_INFINITY)
  return losses
    .sort((a, b) => a.loss - b.loss || a.p - b.p)
    .slice(0, CLOSINGS)
    .map(({ p }) => p)
}

/** The items around which a new pool would gain most, were nothing lost by what joins it. */
function findSeeds(draft: LocalSearchState): number[] {
  const { problem } = draft
  const promise = (seed: number) => {
    const words = problem.of(seed)
    let sum = 0
    for (let u = 0; u < problem.size; u++) {
      if (!problem.together(seed, u)) continue
      const gain = problem.worthWith(words, u) - draft.worthOf(draft.pool[u] ?? 0)
      if (gain > 0) sum += (problem.weights[u] ?? 0) * gain
    }
    return sum
  }
  const promises = Array.from({ length: problem.size }, (_, u) => ({ u, promise: promise(u) }))
  return promises
    .sort((a, b) => b.promise - a.promise || a.u - b.u)
    .slice(0, SEEDS)
    .map(({ u }) => u)
}

/**
 * A partition being worked on: what a move would gain is known in the time it takes to meet two CPUs. For that
 * each pool counts, for every bit, the items that lack it, and adds up their numbers: of one alone, its number.
 */
class LocalSearchState {
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
