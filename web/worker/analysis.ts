import type { Feature } from '../../src/core/feature.ts'
import type { FeatureSet } from '../../src/core/feature-set.ts'
import { printSignature } from '../../src/core/model.ts'
import { groupBy } from '../../src/core/text.ts'
import type { Group } from '../../src/fleet/groups.ts'
import { findTwins } from '../../src/map/kvm-rules.ts'
import { levelOf } from '../../src/map/levels.ts'
import { Pool } from '../../src/questions/baseline/pool.ts'
import type { Context } from '../../src/questions/context.ts'
import type { CostAnswer } from '../../src/questions/explain/answer.ts'
import { summarizeGroup } from '../../src/questions/explain/compute.ts'
import { explainQuestion } from '../../src/questions/explain/question.ts'
import { CauseDescriber } from '../../src/questions/explain/reasons.ts'
import { inputOfFleet } from '../../src/questions/input/fleet/open-fleet.ts'
import { type FleetView, viewOf } from '../../src/questions/input/fleet/view.ts'
import { migrateQuestion } from '../../src/questions/migrate/question.ts'
import { poolsQuestion } from '../../src/questions/pools/question.ts'
import type { AnyQuestion } from '../../src/questions/question.ts'
import type { AnswerDocument } from '../../src/questions/table.ts'
import { documentOf } from '../../src/questions/words/describe.ts'
import { type Note, reasonOf } from '../../src/questions/words/note.ts'
import type { ClassedFeature, GroupRow } from '../shared/displays.ts'
import type { FleetQuestion, FleetQuestionInput, HostScope } from '../shared/protocol.ts'
import { describeSignature } from './displays/words.ts'
import { hashText } from './hash.ts'
import type { Snapshot } from './history.ts'

const FLEET_QUESTIONS: Readonly<Record<FleetQuestion, AnyQuestion>> = {
  explain: explainQuestion,
  pools: poolsQuestion,
  migrate: migrateQuestion,
}

/** Answers a question about a fleet that was already read. @throws BadRequest, LibvirtError, ParseError */
function askAboutFleet<Q extends FleetQuestion>(
  view: FleetView,
  notes: readonly Note[],
  question: Q,
  input: FleetQuestionInput<Q>,
): AnswerDocument<Q> {
  const request = { ...inputOfFleet({ view, others: [], notes }), ...input }
  const outcome = FLEET_QUESTIONS[question].run(view.context, request as never, { explain: false })
  return documentOf(outcome) as AnswerDocument<Q>
}

/**
 * The groups by a number that their CPU makes, so that a link names the same hosts when others come or go. Of two groups
 * that come to the same number, the later has the next.
 */
function byContent(groups: readonly Group[]): ReadonlyMap<number, Group> {
  const found = new Map<number, Group>()
  for (const group of groups) {
    const { features, offered, hardwareFeatures, vendor, core, signature, physBits } = group
    const parts = [
      features,
      offered,
      hardwareFeatures,
      vendor,
      core,
      signature && printSignature(signature),
      physBits,
    ]
    let id = hashText(parts.join(' '))
    while (found.has(id)) id = (id + 1) >>> 0
    found.set(id, group)
  }
  return found
}

/** Of a larger fleet the page asks for the hosts' names group by group. */
const MAX_NAMED = 2000

const countBy = <T>(list: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, number> =>
  new Map([...groupBy(list, keyOf)].map(([key, some]) => [key, some.length]))

/** The fleet of a snapshot as the questions take it, and what all displays need of it. */
export class Analysis {
  readonly view: FleetView
  readonly describer: CauseDescriber
  readonly #snapshot: Snapshot
  readonly #ids: ReadonlyMap<Group, number>
  readonly #byId: ReadonlyMap<number, Group>

  constructor(context: Context, snapshot: Snapshot) {
    this.view = viewOf(context, snapshot.fleet)
    this.describer = new CauseDescriber(this.view)
    this.#snapshot = snapshot
    const many = this.view.groups.filter(({ hosts }) => hosts.length > 1)
    this.#silicon = countBy(many, group => this.view.siliconOf(group) ?? '')
    this.#byId = byContent(this.view.groups)
    this.#ids = new Map([...this.#byId].map(([id, group]) => [group, id]))
  }

  /** Whether both are about the same files. */
  sharesFiles(other: Analysis): boolean {
    return this.#snapshot.files === other.#snapshot.files
  }

  /** The groups with hosts in the scope. */
  in(scope: HostScope): readonly Group[] {
    if (scope === null) return this.view.groups
    return this.view.pools.find(({ label }) => label === scope)?.groups ?? []
  }

  /** Asks a question of the table about this fleet. */
  ask<Q extends FleetQuestion>(question: Q, input: FleetQuestionInput<Q>): AnswerDocument<Q> {
    const notes = this.#snapshot.problems.flatMap(({ note }) => note ?? [])
    return askAboutFleet(this.view, notes, question, input)
  }

  /** What each kind of host costs its pool; a scope without hosts costs nothing. */
  cost(scope: HostScope): CostAnswer {
    if (this.in(scope).length === 0) return { mostExpensive: null, pools: [] }
    const answer = this.ask('explain', { cost: true, ...(scope === null ? {} : { pool: scope }) })
    if (!('mostExpensive' in answer)) throw new RangeError('explain did not return costs')
    return answer
  }

  /** The group with this id; undefined: the fleet has none, or has none any more. */
  groupOf(id: number): Group | undefined {
    return this.#byId.get(id)
  }

  id(group: Group): number {
    return this.#ids.get(group.partOf ?? group) ?? -1
  }

  /** The id of the group that a host is in. */
  idOf(host: string): number {
    const group = this.view.groupOf.get(host)
    return group ? this.id(group) : -1
  }

  /** A host's name; of several their silicon, `Ice Lake-SP · 6 hosts`, where no other group has the same, else `ice-01 and 3 more`. */
  title(group: Group): string {
    const { hosts, name } = group
    if (hosts.length === 1) return name
    const silicon = this.view.siliconOf(group)
    const alone = silicon !== undefined && this.#silicon.get(silicon) === 1
    return alone ? `${silicon} · ${hosts.length} hosts` : `${name} and ${hosts.length - 1} more`
  }

  /** How many groups of several hosts have each silicon. */
  readonly #silicon: ReadonlyMap<string, number>

  level(features: FeatureSet): string {
    return levelOf(this.view.levels, features)?.name ?? ''
  }

  group = (group: Group): GroupRow => {
    const { hosts, signature, microcodes, ...summary } = summarizeGroup(this.view, group)
    return {
      ...summary,
      id: this.id(group),
      title: this.title(group),
      count: hosts.length,
      signature: signature ? describeSignature(signature) : '',
      microcodes: microcodes.map(revision => `0x${revision.toString(16)}`),
      pools: [...new Set(group.hosts.map(({ pool = '' }) => pool))],
      names: this.view.fleet.hosts.length > MAX_NAMED ? [] : hosts,
    }
  }

  /** What several vendors call otherwise as one, where a list has it under all these names: `spec-ctrl / ibrs`. */
  joinTwins<F extends { readonly feature: string }>(list: readonly F[]): F[] {
    const kvm = this.view.cpus.facts?.().kvm
    const names = new Set(list.map(({ feature }) => feature))
    const others = new Map<string, readonly string[]>()
    for (const [name, twins] of kvm ? findTwins(kvm) : [])
      if (names.has(name))
        others.set(
          name,
          twins.filter(twin => names.has(twin)),
        )
    const joined = new Set([...others.values()].flat())
    return list
      .filter(({ feature }) => !joined.has(feature))
      .map(one => ({ ...one, feature: [one.feature, ...(others.get(one.feature) ?? [])].join(' / ') }))
  }

  feature = (feature: Feature): ClassedFeature => ({
    ...reasonOf(feature),
    class: feature.class ?? 'unknown',
  })

  /**
   * The definitions of the hosts in the scope, as `cpu-baseline` reads them from a directory. It includes CPUs that
   * cannot be part of a fleet, such as those of other architectures.
   */
  baseline(scope: HostScope, best: boolean): Pool {
    const { files, fleet, stored } = this.#snapshot
    const hosts = new Map(fleet.hosts.map(host => [host.path, host]))
    const pool = new Pool(this.view.context.map, { explain: true, best })
    for (const { path = '', name, pool: own = '' } of stored ? fleet.hosts : []) {
      const cpu = stored?.definitions.get(path.replace(/#.*/, ''))
      if (cpu && (scope === null || own === scope)) pool.add(cpu, name)
    }
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
