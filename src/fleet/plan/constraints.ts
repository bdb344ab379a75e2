import type { FeatureSet } from '../../core/feature-set.ts'

/** What a partition into pools must keep to. */
export interface Constraints {
  /** Every pool's baseline has these: hosts that lack one are in no pool. A minimum level is its `needs`. */
  readonly mustHave?: FeatureSet | undefined
  /** Whether hosts of different vendors may share a pool; absent: `separate`. No vendor is a vendor of its own. */
  readonly vendors?: 'separate' | 'together' | undefined
  /** Label by host name: hosts of one label share a pool, hosts of two labels never do. */
  readonly pins?: ReadonlyMap<string, string> | undefined
  /** Every pool has at least so many hosts; absent: 1. Hosts of one CPU are not parted to fill a pool. */
  readonly smallest?: number | undefined
}
