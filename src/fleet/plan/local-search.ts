import { LocalSearchState } from './local-search-state.ts'
import type { Problem } from './problem.ts'
import { makeSolution, type Solution } from './solution.ts'

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
