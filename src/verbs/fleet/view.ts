import { CauseFinder } from '../../fleet/cause-of.ts'
import { builtinCauses } from '../../fleet/cause-table.ts'
import type { Fleet } from '../../fleet/fleet.ts'
import { type Group, groupHosts } from '../../fleet/groups.ts'
import { builtinLevels, type Level } from '../../fleet/levels.ts'
import { type FleetPool, poolsOf } from '../../fleet/pools.ts'
import { Valuation } from '../../fleet/value.ts'
import { builtinWeights } from '../../fleet/weights.ts'
import type { Context } from '../context.ts'

/** A fleet with everything that questions about it are answered from. */
export interface FleetView {
  readonly db: Context['db']
  readonly fleet: Fleet
  readonly groups: readonly Group[]
  readonly pools: readonly FleetPool[]
  readonly levels: readonly Level[]
  readonly valuation: Valuation
  /** The group of each host, by its name. */
  readonly groupOf: ReadonlyMap<string, Group>
  /** Why hosts lack features. */
  readonly finder: CauseFinder
}

export function viewOf({ db }: Context, fleet: Fleet): FleetView {
  const groups = groupHosts(fleet.hosts)
  return {
    db,
    fleet,
    groups,
    groupOf: new Map(groups.flatMap(group => group.hosts.map(({ name }) => [name, group] as const))),
    pools: poolsOf(groups),
    levels: builtinLevels(db.features),
    valuation: new Valuation(db.features, fleet.weights ?? builtinWeights()),
    finder: new CauseFinder(db, builtinCauses(), groups),
  }
}
