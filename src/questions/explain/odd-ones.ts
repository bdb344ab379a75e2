import { findOutliers } from '../../fleet/causes/odd-ones.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/reason.ts'
import type { OddHost, Oddity } from './answer.ts'
import type { CauseDescriber } from './reasons.ts'

/** The odd ones out among the groups. */
export function findOddHosts(
  { db, finder }: FleetView,
  teller: CauseDescriber,
  groups: readonly Group[],
): OddHost[] {
  return findOutliers(db.features, finder, groups).map(({ group, norm, lacks, has }) => {
    const say = (list: typeof lacks): Oddity[] =>
      list.map(({ feature, finding }) => ({ ...reasonOf(feature), ...teller.cause(finding) }))
    return {
      hosts: teller.names([group]),
      norm: norm.name,
      normHosts: norm.hosts.length,
      lacks: say(lacks),
      has: say(has),
    }
  })
}
