import type { Problem } from './problem.ts'

/**
 * Pools by merging: from one pool a item, the two whose merging loses the least value, again and again.
 * Answers the pool of each item for every count of pools from `most` down to where no two may be merged,
 * each keyed by its count. Under a least size of pools, ones that are too small are merged first.
 */
export function mergeDown(problem: Problem, most: number): Map<number, Int32Array> {
  const pools = Array.from({ length: problem.size }, (_, u) => makePool(problem, u))
  const found = new Map<number, Int32Array>()
  for (const pool of pools) pool.best = findBestPartner(problem, pools, pool)
  for (let alive = pools.length; ; alive--) {
    if (alive <= most) found.set(alive, listPools(problem, pools))
    const pool = pickNext(problem, pools)
    const other = pool?.best?.pool
    if (!pool || !other) return found
    absorb(problem, pool, other)
    for (const one of pools) {
      if (!one.dead && (one === pool || one.best?.pool === other || one.best?.pool === pool)) {
        one.best = findBestPartner(problem, pools, one)
      } else if (!one.dead) consider(problem, one, pool)
    }
  }
}

interface MergePool {
  items: number[]
  words: Uint32Array
  weight: number
  hosts: number
  worth: number
  dead: boolean
  /** With which other it merges at the least loss. */
  best: { pool: MergePool; loss: number } | undefined
}

const makePool = (problem: Problem, u: number): MergePool => ({
  items: [u],
  words: problem.of(u).slice(),
  weight: problem.weights[u] ?? 0,
  hosts: problem.hosts[u] ?? 0,
  worth: problem.worths[u] ?? 0,
  dead: false,
  best: undefined,
})

/** The pool to merge next: one of those that are too small, else any; the least loss decides, then the order. */
function pickNext(problem: Problem, pools: readonly MergePool[]): MergePool | undefined {
  const open = pools.filter(pool => !pool.dead && pool.best)
  const small = open.filter(({ hosts }) => hosts < problem.smallest)
  let least: MergePool | undefined
  for (const pool of small.length > 0 ? small : open) {
    if (least === undefined || (pool.best?.loss ?? 0) < (least.best?.loss ?? 0)) least = pool
  }
  return least
}

function findBestPartner(problem: Problem, pools: readonly MergePool[], pool: MergePool): MergePool['best'] {
  pool.best = undefined
  if (!pool.dead) for (const other of pools) consider(problem, pool, other)
  return pool.best
}

function consider(problem: Problem, pool: MergePool, other: MergePool): void {
  if (other === pool || other.dead || !canMerge(problem, pool, other)) return
  const words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  const merged = (pool.weight + other.weight) * problem.worth(words)
  const loss = pool.weight * pool.worth + other.weight * other.worth - merged
  if (!pool.best || loss < pool.best.loss) pool.best = { pool: other, loss }
}

/** Vendors are the same in all of a pool, so its first item speaks for it; pins may be on any of its items. */
function canMerge(problem: Problem, a: MergePool, b: MergePool): boolean {
  const [u = 0, v = 0] = [a.items[0], b.items[0]]
  if (problem.vendors[u] !== problem.vendors[v]) return false
  const pinned = (pool: MergePool) => pool.items.find(item => (problem.pins[item] ?? -1) >= 0)
  const [p, q] = [pinned(a), pinned(b)]
  return p === undefined || q === undefined || problem.together(p, q)
}

function absorb(problem: Problem, pool: MergePool, other: MergePool): void {
  other.dead = true
  pool.items = [...pool.items, ...other.items]
  pool.words = pool.words.map((word, c) => word & (other.words[c] ?? 0))
  pool.weight += other.weight
  pool.hosts += other.hosts
  pool.worth = problem.worth(pool.words)
}

function listPools(problem: Problem, pools: readonly MergePool[]): Int32Array {
  const pool = new Int32Array(problem.size)
  pools.forEach(({ dead, items }, label) => {
    if (!dead) for (const u of items) pool[u] = label
  })
  return pool
}
