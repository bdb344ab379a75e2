import type { GuestCpu } from '../core/cpu.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { ClassWeights } from '../map/weights.ts'
import type { FleetGuest } from './guest.ts'
import type { FleetHost } from './host.ts'
import type { Constraints } from './plan/items.ts'
import type { Requirement } from './requirements/requirement.ts'

/** A finding that counts no more until a day comes. */
export interface Ignored {
  /** `KIND:WHAT`, `*` for any characters. */
  readonly id: string
  /** The guests, models or hosts of which it is; `*` as above; absent: all. */
  readonly of?: readonly string[] | undefined
  readonly reason: string
  /** The last day, `2027-01-31`. */
  readonly until: string
}

/** The CPU that a pool's guests are given until the operator changes it, whatever its hosts could give. */
export interface KeptCpu {
  /** A named model with features. */
  readonly cpu: GuestCpu
  /** All that it has, its model's included. */
  readonly features: FeatureSet
}

/** Everything that is known of a fleet of one architecture: its machines, and what the operator wants of them. */
export interface Fleet {
  /** libvirt's name of the architecture of all of them. */
  readonly arch: string
  /** Bytewise by name. */
  readonly hosts: readonly FleetHost[]
  /** Bytewise by name. */
  readonly guests: readonly FleetGuest[]
  /** Labels of the pools, bytewise: those that hosts name, and those that only the fleet file names. */
  readonly pools: readonly string[]
  /** When it was read, in milliseconds since 1970; absent: not said. */
  readonly readAt?: number | undefined
  /** What features are worth; absent: what the package's own data says. */
  readonly weights?: ClassWeights | undefined
  /** What pools that are planned must keep to. */
  readonly constraints: Constraints
  /** The most pools to plan; absent: not said. */
  readonly mostPools?: number | undefined
  readonly requirements: readonly Requirement[]
  /** Findings that the operator knows of; absent: none. */
  readonly ignore?: readonly Ignored[] | undefined
  /** Where pools are, by their labels: for people only. */
  readonly sites?: ReadonlyMap<string, string> | undefined
  /** The kept CPUs by the labels of their pools; absent: there are none. */
  readonly kept?: ReadonlyMap<string, KeptCpu> | undefined
}
