import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Model, SignatureMatch } from '../../core/model.ts'
import { type Level, nextLevel } from '../../map/levels.ts'
import type { WeightClass } from '../../map/weights.ts'
import type { CauseFinding } from '../causes/finding.ts'
import type { Outlier } from '../causes/lost.ts'
import { baselineOf, type Group } from '../groups.ts'
import type { FleetGuest } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import type { UnsafeOrder } from '../interest.ts'
import { findUnknown } from '../offered.ts'
import type { StuckGuest } from '../places.ts'

/** What an operator requires of pools. Everything that is given must hold; absent: nothing is required. */
export interface Requirement {
  /** What reports call it. */
  readonly name: string
  /** Labels of the pools it is for, `*` and `?` standing for any characters; absent: every pool. */
  readonly pools?: readonly string[] | undefined
  /** The x86-64 level that the pool's guests reach, at least. */
  readonly level?: Level | undefined
  /** What the pool's hosts and guests can run; absent, or empty: that is not demanded. */
  readonly os?: readonly NamedSystem[] | undefined
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
  /** Every host has reported within so many seconds. */
  readonly reportedWithin?: number | undefined
  /** Guests see every hazard of their pool's hosts, and these agree where they must, by the features' orders. */
  readonly safe?: boolean | undefined
}

/** An operating system or a program by its name, which may mean nothing. */
export interface NamedSystem {
  readonly name: string
  /** Makes the error that says where the name stands. */
  readonly fault: (what: string) => Error
}

/** What can be required of a pool, as a fleet file calls it; `pools`: that there is such a pool. */
export type RequirementKind =
  | 'pools'
  | 'level'
  | 'os'
  | 'must-have'
  | 'must-not'
  | 'model'
  | 'vendor'
  | 'lost'
  | 'hosts'
  | 'phys-bits'
  | 'microcode'
  | 'same-microcode'
  | 'alike'
  | 'not-vulnerable'
  | 'movable'
  | 'reported-within'
  | 'safe'
  | 'kept-cpu'

/** One reason why a pool does not meet a rule. */
export type RequirementFailure =
  | { readonly kind: 'no-pool'; readonly labels: readonly string[] }
  /** The baseline lacks it: these groups do, each for its reason. */
  | { readonly kind: 'lacks'; readonly feature: Feature; readonly lacking: readonly Lacking[] }
  /** The database does not know the feature (an old installed map): nothing can reach it. */
  | { readonly kind: 'unknown-feature'; readonly name: string }
  | { readonly kind: 'has'; readonly feature: Feature }
  | {
      readonly kind: 'lost'
      readonly class: WeightClass
      readonly most: number
      readonly features: readonly Feature[]
    }
  /** The CPU that the pool's guests keep lacks them. */
  | { readonly kind: 'kept-lacks'; readonly features: readonly Feature[] }
  | { readonly kind: 'hosts'; readonly hosts: number; readonly least: number }
  /** Absent `is`: not known, which is no better. */
  | {
      readonly kind: 'phys-bits' | 'microcode'
      readonly host: FleetHost
      readonly is: number | undefined
      readonly least: number
    }
  | {
      readonly kind: 'vendor'
      readonly host: FleetHost
      readonly is: string | undefined
      readonly wanted: string
    }
  /** Hosts of one signature, those that run older microcode, and the newest that any runs. */
  | { readonly kind: 'older-microcode'; readonly hosts: readonly FleetHost[]; readonly newest: number }
  | { readonly kind: 'odd'; readonly odd: Outlier }
  /** Absent status: nothing is known of the host's vulnerabilities. */
  | {
      readonly kind: 'vulnerable'
      readonly host: FleetHost
      readonly name: string
      readonly status: string | undefined
    }
  /** Absent `host.reported`: not known, which is no better. */
  | { readonly kind: 'silent'; readonly host: FleetHost; readonly within: number }
  | { readonly kind: 'stuck'; readonly stuck: StuckGuest }
  /** The guest's CPU lacks what the pool's guests must have, wherever it runs. */
  | { readonly kind: 'guest-lacks'; readonly guest: FleetGuest; readonly features: readonly Feature[] }
  /** By its order the pool's hosts are not safe for its guests. */
  | ({ readonly kind: 'unsafe' } & UnsafeOrder)
  /** The guest does not see what guests of its pool must. */
  | { readonly kind: 'guest-blind'; readonly guest: FleetGuest; readonly features: readonly Feature[] }

/** A feature that is required, none of the pool's hosts or guests is known to lack, and these tell nothing of. */
export interface UnknownNeed {
  readonly kind: 'unknown'
  readonly feature: Feature
  readonly groups: readonly Group[]
  readonly guests?: readonly FleetGuest[]
}

interface Lacking {
  readonly group: Group
  readonly finding: CauseFinding
}

/** What stands between a pool and the next level: "one flag short of x86-64-v3: f16c on host 4". */
interface Shortfall {
  readonly level: Level
  /** In map order; never empty, unless the database does not know what the level needs. */
  readonly missing: readonly MissingFeature[]
}

interface MissingFeature {
  readonly feature: Feature
  /** The groups that lack it; empty: of none that is known. */
  readonly groups: readonly Group[]
  /** The groups of which nothing is known about it. */
  readonly unknownOn: readonly Group[]
}

/** Of some features, those that no group is known to lack, and of which some tells nothing. */
export function findOpen(groups: readonly Group[], wanted: FeatureSet): FeatureSet {
  const may = groups.reduce((all, group) => all.meet(group.offered.join(findUnknown(group, wanted))), wanted)
  return may.minus(baselineOf(groups))
}

/** The shortfall of the groups' baseline; undefined where it reaches the highest level. */
export function findShortfall(
  table: FeatureTable,
  levels: readonly Level[],
  groups: readonly Group[],
): Shortfall | undefined {
  const next = nextLevel(table, levels, baselineOf(groups), findOpen(groups, table.all))
  if (!next) return undefined
  const missing = next.missing.map(feature => {
    const without = groups.filter(group => !feature.bits.leq(group.offered))
    const unknownOn = without.filter(group => !findUnknown(group, feature.bits).isEmpty)
    return { feature, groups: without.filter(group => !unknownOn.includes(group)), unknownOn }
  })
  return { level: next.level, missing }
}
