import type { FeatureSet } from '../core/feature-set.ts'
import type { Group } from './groups.ts'
import { Interner } from './interned.ts'
import { weightOfAll } from './value.ts'

/** Groups with the same features, whatever else parts them: leaving one of two out changes no baseline. */
export interface Kind {
  readonly features: FeatureSet
  /** In the order given; never empty. */
  readonly groups: readonly Group[]
  /** How many hosts. */
  readonly hosts: number
  /** The sum of their weights. */
  readonly weight: number
}

/** The groups by their features, in order of the first of each. */
export function kindsOf(groups: readonly Group[]): Kind[] {
  const sets = new Interner()
  const kinds: { features: FeatureSet; groups: Group[] }[] = []
  for (const group of groups) {
    const { features, key } = sets.take(group.features)
    const kind = kinds[key]
    if (kind) kind.groups.push(group)
    else kinds[key] = { features, groups: [group] }
  }
  return kinds.map(kind => ({ ...kind, hosts: hostsOf(kind.groups), weight: weightOfAll(kind.groups) }))
}

const hostsOf = (groups: readonly Group[]): number => groups.reduce((sum, { hosts }) => sum + hosts.length, 0)
