import { CauseFinder } from '../../../fleet/causes/cause-of.ts'
import { generationsOf } from '../../../fleet/causes/cpu-facts.ts'
import type { Fleet } from '../../../fleet/fleet.ts'
import { type FleetPool, type Group, groupHosts, splitIntoPools } from '../../../fleet/groups.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import { Valuation } from '../../../fleet/value.ts'
import { type CauseTable, plainCauses } from '../../../map/cause-table.ts'
import type { Level } from '../../../map/levels.ts'
import type { Releases, ReleaseTable } from '../../../map/releases.ts'
import { builtinWeights } from '../../../map/weights.ts'
import { type Context, contextFor } from '../../context.ts'

/** A fleet of one architecture with everything that questions about it are answered from, each made when it is first asked for. */
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

  constructor(context: Context, fleet: Fleet) {
    this.context = context
    this.fleet = fleet
    this.groups = groupHosts(fleet.hosts)
    this.valuation = new Valuation(context.db.features, fleet.weights ?? builtinWeights())
    this.levels = context.cpus.levels
  }

  get db(): Context['db'] {
    return this.context.db
  }

  get cpus(): Context['cpus'] {
    return this.context.cpus
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
    this.#causes ??= this.cpus.causes?.() ?? plainCauses()
    return this.#causes
  }

  /** Why hosts lack features, by all that the fleet shows. */
  get finder(): CauseFinder {
    this.#finder ??= new CauseFinder(this.cpus, this.causes, this.groups)
    return this.#finder
  }

  /** Undefined where versions of this architecture's names are not known. */
  get releases(): ReleaseTable | undefined {
    return this.cpus.releases?.()
  }

  /**
   * What people call the silicon of a host, or of a group's hosts: `Ice Lake-SP`, `Zen 3 (by its name)` where only
   * the product's name tells; of cores their name. Undefined: not known.
   */
  siliconOf(of: FleetHost | Group): string | undefined {
    if (of.core !== undefined) return of.core
    const hosts = 'hosts' in of ? onePerBrand(of) : [of]
    const titles = new Set(
      [...hosts].flatMap(host => generationsOf(this.cpus, host).map(({ title }) => title)),
    )
    if (titles.size === 0) return undefined
    return `${[...titles].join(' or ')}${of.signature?.family ? '' : ' (by its name)'}`
  }

  /** When the first products with this silicon came, where that is one year. */
  yearOf(group: Group): number | undefined {
    const years = new Set(
      [...onePerBrand(group)].flatMap(host => generationsOf(this.cpus, host).map(({ since }) => since)),
    )
    const [year, ...more] = years
    return more.length === 0 ? year : undefined
  }

  /** The least versions that know all of the names. */
  needed(names: readonly string[]): Releases {
    return this.releases?.needed(names) ?? { qemu: 'not known', libvirt: 'not known' }
  }
}

/** Hosts of a group of which nothing but the name of the product tells the silicon apart. */
const onePerBrand = ({ hosts }: Group): Iterable<FleetHost> =>
  new Map(hosts.map(host => [host.brand, host])).values()

/** @throws LibvirtError where the fleet's architecture has no driver */
export const viewOf = (context: Context, fleet: Fleet): FleetView =>
  new FleetView(contextFor(context, fleet.arch), fleet)
