/** Memory of a NUMA cell that a side cache fronts. */
export interface NumaCache {
  readonly level: number
  readonly associativity: 'none' | 'direct' | 'full'
  readonly policy: 'none' | 'writeback' | 'writethrough'
  /** KiB. */
  readonly size: bigint
  /** Bytes. */
  readonly line: number
}

/** A guest's NUMA cell; its number is its place in the list. */
export interface NumaCell {
  /** The virtual CPUs, ascending; empty for a cell of memory alone. */
  readonly cpus: readonly number[]
  /** KiB. */
  readonly memory: bigint
  readonly memAccess?: 'shared' | 'private' | undefined
  readonly discard?: boolean | undefined
  /** To each cell, 0 where nothing is said; empty where no distance of this cell is. */
  readonly distances: readonly number[]
  readonly caches: readonly NumaCache[]
}

/** How fast a cell's CPUs reach a cell's memory, or one of its caches. */
export interface NumaLink {
  readonly kind: 'latency' | 'bandwidth'
  readonly initiator: number
  readonly target: number
  /** A cache level of the target; 0: its memory. */
  readonly cache: number
  readonly type: 'access' | 'read' | 'write'
  /** Nanoseconds, or KiB/s. */
  readonly value: bigint
}

/** The NUMA topology of a guest: `<numa>` in a domain's `<cpu>`. */
export interface Numa {
  readonly cells: readonly NumaCell[]
  readonly links: readonly NumaLink[]
}
