/** Draws that a seed decides. */
export interface Draw {
  /** Whether something of that probability happens. */
  readonly chance: (probability: number) => boolean
  /** 0 to `below` - 1. */
  readonly number: (below: number) => number
  readonly pick: <T>(list: readonly T[]) => T
  /** Up to `most` different ones. */
  readonly some: <T>(list: readonly T[], most: number) => T[]
}

export function drawFrom(seed: number): Draw {
  const next = mulberry32(seed)
  const number = (below: number) => Math.floor(next() * below)
  const pick = <T>(list: readonly T[]): T => list[number(list.length)] as T
  return {
    chance: probability => next() < probability,
    number,
    pick,
    some: (list, most) => [...new Set(Array.from({ length: number(most + 1) }, () => pick(list)))],
  }
}

/** Numbers from 0 to below 1 that a seed decides. */
export function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
