import type { Problem } from './problem.ts'

/**
 * Pools by merging: from one pool a unit, the two whose merging loses the least value, again and again.
 * Answers the pool of each unit for every count of pools from `most` down to where no two may be merged,
 * each keyed by its count. Under a least size of pools, ones that are too small are merged first.
 */
export function mergeDown(problem: Problem, most: number): Map<number, Int32Array> {
  const pools = Array.from({ length: problem.size }, (_, u) => start(problem, u))
  const found = new Map<number, Int32Array>()
  for (const pool of pools) pool.best = bestPartner(problem, pools, pool)
  for (let alive = pools.length; ; alive--) {
    if (alive <= most) found.set(alive, labels(problem, pools))
    const pool = next(problem, pools)
    const other = pool?.best?.pool
    if (!pool || !other) return found
    absorb(problem, pool, other)
    for (const one of pools) {
      if (!one.dead && (one === pool || one.best?.pool === other || one.best?.pool === pool)) {
        one.best = bestPartner(problem, pools, one)
      } else if (!one.dead) consider(problem, one, pool)
    }
  }
}

interface Pool {
  units: number[]
  words: Uint32Array
  weight: number
  hosts: number
  worth: number
  dead: boolean
  /** With which other it merges at the least loss. */
  best: { pool: Pool; loss: number } | undefined
}

const start = (problem: Problem, u: number): Pool => ({
  units: [u],
  words: problem.of(u).slice(),
  weight: problem.weights[u] ?? 0,
  hosts: problem.hosts[u] ?? 0,
  worth: problem.worths[u] ?? 0,
  dead: false,
  best: undefined,
})

/** The pool to merge next: one of those that are too small, else any; the least loss decides, then the order. */
function next(problem: Problem, pools: readonly Pool[]): Pool | undefined {
  const open = pools.filter(pool => !pool.dead && pool.best)
  const small = open.filter(({ hosts }) => hosts < problem.smallest)
  let least: Pool | undefined
  for (const pool of small.length > 0 ? small : open) {
    if (least === undefined || (pool.best?.loss ?? 0) < (least.best?.loss ?? 0)) least = pool
  }
  return least
}

function bestPartner(problem: Problem, pools: readonly Pool[], pool: Pool): Pool['best'] {
  pool.best = undefined
  if (!pool.dead) for (const other of pools) consider(problem, pool, other)
  return pool.best
}

function consider(problem: Problem, pool: Pool, other: Pool): void {
  if (other === pool || other.dead || !allowed(problem, pool, other)) return
  const words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  const merged = (pool.weight + other.weight) * problem.worth(words)
  const loss = pool.weight * pool.worth + other.weight * other.worth - merged
  if (!pool.best || loss < pool.best.loss) pool.best = { pool: other, loss }
}

/** Vendors are the same in all of a pool, so its first unit speaks for it; pins may be on any of its units. */
function allowed(problem: Problem, a: Pool, b: Pool): boolean {
  const [u = 0, v = 0] = [a.units[0], b.units[0]]
  if (problem.vendors[u] !== problem.vendors[v]) return false
  const pinned = (pool: Pool) => pool.units.find(unit => (problem.pins[unit] ?? -1) >= 0)
  const [p, q] = [pinned(a), pinned(b)]
  return p === undefined || q === undefined || problem.together(p, q)
}

function absorb(problem: Problem, pool: Pool, other: Pool): void {
  other.dead = true
  pool.units = [...pool.units, ...other.units]
  pool.words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  pool.weight += other.weight
  pool.hosts += other.hosts
  pool.worth = problem.worth(pool.words)
}

function labels(problem: Problem, pools: readonly Pool[]): Int32Array {
  const pool = new Int32Array(problem.size)
  pools.forEach(({ dead, units }, label) => {
    if (!dead) for (const u of units) pool[u] = label
  })
  return pool
}
