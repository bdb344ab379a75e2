import type { Feature } from '../../src/core/feature.ts'
import { printSignature } from '../../src/core/signature.ts'
import type { Group } from '../../src/fleet/groups.ts'
import { levelOf } from '../../src/map/levels.ts'
import { Pool } from '../../src/questions/baseline/pool.ts'
import type { Context } from '../../src/questions/context.ts'
import { summarizeGroup } from '../../src/questions/explain/group.ts'
import { CauseDescriber } from '../../src/questions/explain/reasons.ts'
import { type FleetView, viewOf } from '../../src/questions/input/fleet/view.ts'
import { reasonOf } from '../../src/questions/words/reason.ts'
import type { FeatureAnswer, GroupAnswer } from '../shared/answers.ts'
import type { Scope } from '../shared/protocol.ts'
import type { Snapshot } from './state.ts'

/** A snapshot as the verbs take a fleet, and what all views ask of it. */
export class Analysis {
  readonly view: FleetView
  readonly teller: CauseDescriber
  readonly #snapshot: Snapshot
  readonly #ids: ReadonlyMap<Group, number>

  constructor(context: Context, snapshot: Snapshot) {
    this.view = viewOf(context, snapshot.fleet)
    this.teller = new CauseDescriber(this.view)
    this.#snapshot = snapshot
    this.#ids = new Map(this.view.groups.map((group, id) => [group, id]))
  }

  /** The groups of a pool, or all. */
  in(scope: Scope): readonly Group[] {
    if (scope === null) return this.view.groups
    return this.view.pools.find(({ label }) => label === scope)?.groups ?? []
  }

  id(group: Group): number {
    return this.#ids.get(group.partOf ?? group) ?? -1
  }

  /** The id of the group that a host is in. */
  idOf(host: string): number {
    const group = this.view.groupOf.get(host)
    return group ? this.id(group) : -1
  }

  /** `ice-01` or `ice-01 and 3 more`. */
  title({ hosts, name }: Group): string {
    return hosts.length === 1 ? name : `${name} and ${hosts.length - 1} more`
  }

  level({ features }: Pick<Group, 'features'>): string {
    return levelOf(this.view.levels, features)?.name ?? ''
  }

  /** Names of ten thousand hosts do not go to the page with every answer: they are asked for by group. */
  group = (group: Group): GroupAnswer => {
    const { hosts, signature, microcode, ...told } = summarizeGroup(this.view, group)
    return {
      ...told,
      id: this.id(group),
      title: this.title(group),
      count: hosts.length,
      signature: signature ? printSignature(signature) : '',
      microcode: microcode.map(revision => `0x${revision.toString(16)}`),
      pools: [...new Set(group.hosts.map(({ pool = '' }) => pool))],
    }
  }

  feature = (feature: Feature): FeatureAnswer => ({
    ...reasonOf(feature),
    class: feature.class ?? 'unknown',
  })

  /**
   * The definitions of a pool's hosts, as `cpu-baseline` takes them from a directory; those that can be part of no
   * fleet too, such as other architectures'.
   */
  baseline(scope: Scope, best: boolean): Pool {
    const { files, fleet } = this.#snapshot
    const hosts = new Map(fleet.hosts.map(host => [host.path, host]))
    const pool = new Pool(this.view.db, { explain: true, best })
    for (const { path, pool: label, document } of files) {
      const { members, definitions } = document
      const many = members.filter(({ kind }) => kind !== 'hypervisor').length > 1
      definitions.forEach(({ cpu, member }, i) => {
        const host = member === undefined ? undefined : hosts.get(many ? `${path}#${member + 1}` : path)
        const name = host?.name ?? (definitions.length > 1 ? `${path}#${i + 1}` : path)
        const own = member === undefined ? label : host && (host.pool ?? '')
        if (own !== undefined && (scope === null || own === scope)) pool.add(cpu, name)
      })
    }
    return pool
  }
}
