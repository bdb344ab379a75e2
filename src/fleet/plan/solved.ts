import type { Solution } from './solution.ts'

/** The best partition found into at most `count` pools, and how good any other can be. */
export interface Solved {
  readonly count: number
  /** Undefined: none was found that keeps the constraints. */
  readonly solution: Solution | undefined
  /** No partition into at most so many pools has more value. */
  readonly bound: number
  /** Every partition was looked at or ruled out: none has a better rank, and without a solution there is none. */
  readonly complete: boolean
}
