import { oddOnes } from '../../fleet/causes/odd-ones.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { Reason } from '../words/reason.ts'
import { reasonOf } from '../words/reason.ts'
import type { CauseAnswer, CauseDescriber } from './reasons.ts'

/** A feature of which hosts of one silicon differ. */
interface Oddity extends Reason, CauseAnswer {}

/** Hosts that differ from others of the same silicon. */
export interface OddHost {
  readonly hosts: readonly string[]
  /** One of the most hosts of that silicon. */
  readonly norm: string
  readonly normHosts: number
  /** What these hosts lack. */
  readonly lacks: readonly Oddity[]
  /** What these have beyond the norm. */
  readonly has: readonly Oddity[]
}

/** The odd ones out among the groups. */
export function findOddHosts(
  { db, finder }: FleetView,
  teller: CauseDescriber,
  groups: readonly Group[],
): OddHost[] {
  return oddOnes(db.features, finder, groups).map(({ group, norm, lacks, has }) => {
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
