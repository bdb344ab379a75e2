import type { Feature } from '../../core/feature.ts'
import type { WeightClass } from '../../map/weights.ts'
import type { CauseFinding } from '../causes/finding.ts'
import type { Outlier } from '../causes/odd-ones.ts'
import type { Group } from '../groups.ts'
import type { FleetHost } from '../host.ts'
import type { StuckGuest } from '../places.ts'

/** What can be required of a pool, as a fleet file calls it; `pools`: that there is such a pool. */
export type RequirementKind =
  | 'pools'
  | 'level'
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
  | { readonly kind: 'stuck'; readonly stuck: StuckGuest }

/** A feature that is required, none of the pool's hosts is known to lack, and these tell nothing of. */
export interface UnknownNeed {
  readonly kind: 'unknown'
  readonly feature: Feature
  readonly groups: readonly Group[]
}

interface Lacking {
  readonly group: Group
  readonly finding: CauseFinding
}
