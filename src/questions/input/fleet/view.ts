import { CauseFinder } from '../../../fleet/causes/cause-of.ts'
import type { Fleet } from '../../../fleet/fleet.ts'
import { type FleetPool, type Group, groupHosts, splitIntoPools } from '../../../fleet/groups.ts'
import { Valuation } from '../../../fleet/value.ts'
import { builtinCauses, type CauseTable } from '../../../map/cause-table.ts'
import { builtinLevels, type Level } from '../../../map/levels.ts'
import { builtinReleases, type ReleaseTable } from '../../../map/releases.ts'
import { builtinWeights } from '../../../map/weights.ts'
import type { Context } from '../../context.ts'

/** A fleet with everything that questions about it are answered from, each made when it is first asked for. */
export class FleetView {
  readonly context: Context
  readonly fleet: Fleet
  /** Hosts by their CPU. */
  readonly groups: readonly Group[]
  /** What features are worth to this fleet. */
  readonly valuation: Valuation
  readonly levels: readonly Level[]
  #groupOf: ReadonlyMap<string, Group> | undefined
  #pools: readonly FleetPool[] | undefined
  #causes: CauseTable | undefined
  #finder: CauseFinder | undefined
  #releases: ReleaseTable | undefined

  constructor(context: Context, fleet: Fleet) {
    this.context = context
    this.fleet = fleet
    this.groups = groupHosts(fleet.hosts)
    this.valuation = new Valuation(context.db.features, fleet.weights ?? builtinWeights())
    this.levels = builtinLevels(context.db.features)
  }

  get db(): Context['db'] {
    return this.context.db
  }

  /** The group of each host, by its name. */
  get groupOf(): ReadonlyMap<string, Group> {
    this.#groupOf ??= new Map(
      this.groups.flatMap(group => group.hosts.map(({ name }) => [name, group] as const)),
    )
    return this.#groupOf
  }

  /** As the hosts' labels have them. */
  get pools(): readonly FleetPool[] {
    this.#pools ??= splitIntoPools(this.groups)
    return this.#pools
  }

  get causes(): CauseTable {
    this.#causes ??= builtinCauses()
    return this.#causes
  }

  /** Why hosts lack features, by all that the fleet shows. */
  get finder(): CauseFinder {
    this.#finder ??= new CauseFinder(this.context.db, this.causes, this.groups)
    return this.#finder
  }

  get releases(): ReleaseTable {
    this.#releases ??= builtinReleases()
    return this.#releases
  }
}

export const viewOf = (context: Context, fleet: Fleet): FleetView => new FleetView(context, fleet)
