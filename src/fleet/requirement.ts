import type { FeatureSet } from '../core/feature-set.ts'
import type { Level } from './levels.ts'
import type { WeightClass } from './weights.ts'

/** What an operator demands of pools: policy as code. Everything that is given must hold; absent: nothing is asked. */
export interface Requirement {
  /** What reports call it. */
  readonly name: string
  /** Labels of the pools it is for, `*` and `?` standing for any characters; absent: every pool. */
  readonly pools?: readonly string[] | undefined
  /** The x86-64 level that the pool's guests reach, at least. */
  readonly level?: Level | undefined
  /** What the pool's baseline must have. */
  readonly mustHave?: FeatureSet | undefined
  /** What the pool's baseline must not have. */
  readonly mustNot?: FeatureSet | undefined
  /** By class, how many features that some host has may be missing from the baseline. */
  readonly lost?: Readonly<Partial<Record<WeightClass, number>>> | undefined
  /** The least number of hosts: one more than guests need. */
  readonly hosts?: number | undefined
  /** The least width of physical addresses, on every host. */
  readonly physBits?: number | undefined
  /** Hosts of one signature have one microcode revision. */
  readonly sameMicrocode?: boolean | undefined
  /** Hosts of one signature have the same features: no odd ones out. */
  readonly alike?: boolean | undefined
  /** No host calls itself vulnerable. */
  readonly notVulnerable?: boolean | undefined
  /** Every guest has another host in its pool to go to. */
  readonly movable?: boolean | undefined
}
