import type { FeatureSet } from '../../core/feature-set.ts'
import type { Model } from '../../core/model.ts'
import type { SignatureMatch } from '../../core/signature.ts'
import type { Level } from '../../map/levels.ts'
import type { WeightClass } from '../../map/weights.ts'

/** What an operator requires of pools. Everything that is given must hold; absent: nothing is required. */
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
  /** A model that the pool's hosts can run: its baseline has all the model's features. */
  readonly model?: Model | undefined
  /** The vendor of every host. */
  readonly vendor?: string | undefined
  /** The least microcode revision that hosts of a signature run. */
  readonly microcode?: readonly { readonly of: SignatureMatch; readonly least: number }[] | undefined
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
  /** N+1: the pool has two hosts at least, and every guest another one to go to. */
  readonly movable?: boolean | undefined
}
