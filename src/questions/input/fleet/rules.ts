import type { FeatureSet } from '../../../core/feature-set.ts'
import type { Requirement } from '../../../fleet/requirements/requirement.ts'
import type { Level } from '../../../map/levels.ts'
import type { ClassWeights } from '../../../map/weights.ts'
import type { GuestEntry, HostEntry } from './file-schema.ts'

/** Where something stands in a fleet file: keys and numbers from the top. */
export type FilePath = readonly (string | number)[]

/** Makes the error for a fault of what the path leads to: the value there, or the key that it has. */
export type RuleFault = (path: FilePath, what: string, of?: 'value' | 'key') => Error

/** Files of a fleet, and what the fleet file says of all of them. */
export interface Rule<T> {
  readonly patterns: readonly string[]
  readonly says: Omit<T, 'files'>
  readonly path: FilePath
}

/** What a fleet file says, with its names looked up. */
export interface Rules {
  /** Absent: every file is part of the fleet, and folders are pools. */
  readonly hosts: readonly Rule<HostEntry>[] | undefined
  readonly guests: readonly Rule<GuestEntry>[]
  /** Host names by label. */
  readonly pools: ReadonlyMap<string, readonly string[]>
  readonly pins: ReadonlyMap<string, readonly string[]>
  /** Whether hosts without a weight of their own weigh as much as they have logical CPUs. */
  readonly weighCpus: boolean
  readonly weights: ClassWeights | undefined
  readonly mostPools: number | undefined
  readonly vendors: 'separate' | 'together' | undefined
  readonly level: Level | undefined
  readonly mustHave: FeatureSet | undefined
  readonly smallest: number | undefined
  readonly requirements: readonly Requirement[]
  readonly fault: RuleFault
}
