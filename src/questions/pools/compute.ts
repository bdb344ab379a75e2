import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { bytewise } from '../../core/text.ts'
import { baselineOf, countHosts, type FleetPool, type Group, vendorsOf } from '../../fleet/groups.ts'
import { followsHost, guestsByPoolOf } from '../../fleet/guest.ts'
import { findUnsafe } from '../../fleet/interest.ts'
import type { Constraints } from '../../fleet/plan/items.ts'
import {
  type Impossible,
  type Partition,
  type Plan,
  type PlannedPool,
  planPools,
} from '../../fleet/plan/partition.ts'
import { sumWeights } from '../../fleet/value.ts'
import type { WriteOptions } from '../../formats/write.ts'
import { levelOf } from '../../map/levels.ts'
import { HostTable, namesIn, type PlacesOf } from '../explain/reasons.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type {
  CurvePoint,
  IdRegistersPart,
  KeptCpuAnswer,
  KeptPoolAnswer,
  PoolAnswer,
  PoolDefinition,
  PoolsAnswer,
  UnsafeFeature,
} from './answer.ts'
import { idRegistersPart, type PoolCpu, poolCpuOf, writePoolDefinition } from './choice.ts'

export interface PoolsOptions {
  /** The most pools. */
  readonly most: number
  /** Whether so many were asked for. */
  readonly isAsked: boolean
  readonly constraints: Constraints
}

/** The best partitions of a fleet into at most 1, 2, … pools. */
export const answerPools = (view: FleetView, options: PoolsOptions, write: WriteOptions = {}): PoolsAnswer =>
  poolsAnswer(view, planned(view, options), options, write)

/** The plan behind the answer, with the groups of every pool of every count. */
export const planned = (
  { valuation, levels, groups }: FleetView,
  { most, constraints }: PoolsOptions,
): Plan => planPools(valuation, levels, groups, most, { constraints })

/**
 * What there is to say of a plan.
 * @param options whether so many pools were asked for, and what each must have; absent: as the fleet file says
 */
export function poolsAnswer(
  view: FleetView,
  { curve, enough, leftOut }: Plan,
  { isAsked, constraints }: Partial<PoolsOptions> = {},
  write: WriteOptions = {},
): PoolsAnswer {
  const { context } = view
  const shown = isAsked ? curve.at(-1) : curve.find(({ count }) => count === enough)
  const asked = constraints?.mustHave
  const pools = (shown?.pools ?? []).map(pool => toldPool(view, pool, pool.pin, asked, write))
  const now = view.pools.some(({ label }) => label !== '') ? toldPools(view, write) : undefined
  const table = new HostTable(
    [...[...pools, ...(now ?? [])].flatMap(pool => pool.groups), ...leftOut.map(({ group }) => group)].map(
      ({ hosts }) => hosts,
    ),
  )
  const definitions = new DefinitionList()
  const answerOf = (pool: ToldPool) => poolAnswer(view, pool, table.placesOfGroups, definitions)
  return {
    groups: table.groups,
    definitions: definitions.all,
    curve: curve.map((point, i) => curvePoint(point, curve[i - 1])),
    enough: enough ?? null,
    count: shown && !shown.impossible ? shown.count : null,
    pools: pools.map(answerOf),
    leftOut: leftOut.map(({ group, lacks, unknown }) => ({
      inGroups: table.placesOfGroups([group]),
      lacks: context.db.features.in(lacks).map(reasonOf),
      unknown: context.db.features.in(unknown).map(reasonOf),
    })),
    now: now ? { value: now.reduce((sum, { value }) => sum + value, 0), pools: now.map(answerOf) } : null,
  }
}

/** The definitions of an answer, each once. */
export class DefinitionList {
  readonly all: PoolDefinition[] = []
  readonly #places = new Map<string, number>()

  /** Its place in the list; null: of none. */
  placeOf(definition: PoolDefinition | null): number | null {
    if (!definition) return null
    const key = JSON.stringify(definition)
    const place = this.#places.get(key) ?? this.all.push(definition) - 1
    this.#places.set(key, place)
    return place
  }
}

function curvePoint(point: Partition, before: Partition | undefined): CurvePoint {
  const { count, pools: made, value, bound, gap, exact, impossible } = point
  const levels = new Map<string, number>()
  for (const { level, hosts } of made) {
    const name = level?.name ?? 'none'
    levels.set(name, (levels.get(name) ?? 0) + hosts)
  }
  return {
    count,
    poolCount: made.length,
    value,
    gain: before && !before.impossible && before.value > 0 ? value / before.value - 1 : null,
    bound,
    gap,
    exact,
    smallest: made.length === 0 ? 0 : Math.min(...made.map(({ hosts }) => hosts)),
    levels: Object.fromEntries([...levels].sort()),
    ...(impossible ? { impossible: sayImpossible(impossible) } : {}),
  }
}

/** The pools that the hosts' labels make, in the order of the view. */
export const toldPools = (view: FleetView, write: WriteOptions = {}): ToldPool[] =>
  view.pools.map(pool => toldPool(view, plannedPool(view, pool), pool.label || undefined, undefined, write))

/** A pool that is, in the form of one that is proposed. */
function plannedPool({ valuation, levels }: FleetView, { groups }: Pick<FleetPool, 'groups'>): PlannedPool {
  const baseline = baselineOf(groups)
  const weight = sumWeights(groups)
  return {
    groups,
    baseline,
    level: levels.findLast(({ needs, unknown }) => unknown.length === 0 && needs.leq(baseline)),
    hosts: countHosts(groups),
    weight,
    value: weight * valuation.worth(baseline),
    vendors: vendorsOf(groups),
    pin: undefined,
  }
}

/** A pool and the CPU of its guests, before its hosts and its definition are referred to by their places. */
export interface ToldPool
  extends Omit<
    PoolAnswer,
    'inGroups' | 'definition' | 'unsafeFeatures' | 'keptCpu' | keyof typeof IdRegistersPart
  > {
  readonly groups: readonly Group[]
  readonly cpu: PoolCpu
  /** The definition; null: no named model fits. */
  readonly expression: PoolDefinition | null
}

function toldPool(
  view: FleetView,
  pool: PlannedPool,
  label?: string,
  asked?: FeatureSet,
  write: WriteOptions = {},
): ToldPool {
  const { groups, weight, value, level, vendors, hosts } = pool
  const cpu = poolCpuOf(view, groups, asked)
  const { features, unknown, definition } = cpu
  const { features: table } = view.db
  const site = view.fleet.sites?.get(label ?? '')
  return {
    ...(site ? { site } : {}),
    name: label ?? groups.map(({ name }) => name).sort(bytewise)[0] ?? '',
    hostCount: hosts,
    cpus: groups.length,
    weight,
    value,
    level: (cpu.kept ? levelOf(view.levels, features) : level)?.name ?? null,
    featureCount: table.count(features),
    unknownCount: table.count(unknown),
    vendors,
    model: definition?.model ?? null,
    groups,
    cpu,
    expression: definition ? writePoolDefinition(view.context, definition, { ...write, name: label }) : null,
  }
}

function poolAnswer(
  view: FleetView,
  { groups, cpu, expression, ...pool }: ToldPool,
  placesOf: PlacesOf,
  definitions: DefinitionList,
): PoolAnswer {
  return {
    ...pool,
    inGroups: placesOf(groups),
    unsafeFeatures: unsafeFeatures(view, groups, cpu.features, placesOf),
    definition: definitions.placeOf(expression),
    ...keptPart(view, { label: groups[0]?.hosts[0]?.pool ?? '', groups }, cpu, placesOf),
    ...idRegistersPart(view.context, groups),
  }
}

/** How a pool stands to its kept CPU, as part of an answer; nothing where it has none. */
export function keptPart(
  view: FleetView,
  { label, groups }: FleetPool,
  { kept }: PoolCpu,
  placesOf: PlacesOf,
): { readonly keptCpu?: KeptCpuAnswer } {
  if (!kept) return {}
  const { db, finder, fleet } = view
  const isLacked = (feature: Feature) => (group: Group) =>
    group.evidence ? group.evidence.absent.meets(feature.bits) : !feature.bits.leq(group.features)
  const lost = db.features.in(kept.lost).map(feature => {
    const lacking = groups.filter(isLacked(feature))
    const { cause, confidence, remedy } = finder.forGroup(lacking[0] ?? (groups[0] as Group))(feature)
    return { ...reasonOf(feature), inGroups: placesOf(lacking), cause, confidence, remedy }
  })
  const unknown = db.features.in(kept.unknown).map(feature => ({
    ...reasonOf(feature),
    inGroups: placesOf(groups.filter(({ evidence }) => evidence && !evidence.unknown(feature.bits).isEmpty)),
  }))
  const guests = guestsByPoolOf(fleet).get(label) ?? []
  const restarts = guests.filter(guest => !followsHost(guest) && !kept.gains.leq(guest.features))
  return {
    keptCpu: {
      lost,
      unknown,
      gains: db.features.in(kept.gains).map(reasonOf),
      today: kept.today.definition ?? null,
      guestsToRestart: restarts.map(({ name }) => name).sort(bytewise),
    },
  }
}

/** How all pools stand to their kept CPUs, with the hosts that do not give all of them; nothing where none is kept. */
export function keptCpusOf(view: FleetView): { keptCpus?: KeptPoolAnswer[] } {
  const keptCpus = view.pools.flatMap(pool => {
    if (!view.fleet.kept?.has(pool.label)) return []
    const { label, groups } = pool
    const places = new Map<Group, number>()
    const placeOf = (group: Group) => {
      const place = places.get(group) ?? places.size
      places.set(group, place)
      return place
    }
    const cpu = poolCpuOf(view, groups, undefined, label)
    const { keptCpu } = keptPart(view, pool, cpu, some => some.map(placeOf))
    return keptCpu ? { pool: label, groups: namesIn([...places.keys()]), keptCpu } : []
  })
  return keptCpus.length > 0 ? { keptCpus } : {}
}

/** What is not safe about hosts that share guests with these features. */
export const unsafeFeatures = (
  { db }: Pick<FleetView, 'db'>,
  groups: readonly Group[],
  guest: FeatureSet,
  placesOf: PlacesOf,
): UnsafeFeature[] =>
  findUnsafe(db.features, groups, guest).map(({ feature, why, having, lacking }) => ({
    ...reasonOf(feature),
    why,
    presentInGroups: placesOf(having),
    missingInGroups: placesOf(lacking),
  }))

/** Why there is no such partition, and what would remedy it. */
function sayImpossible(why: Impossible): string {
  switch (why.because) {
    case 'vendors':
      return `the hosts are of ${why.vendors.map(one => one || 'no known vendor').join(', ')}, which share no pool: more pools, or vendors together`
    case 'pins':
      return `pins name ${why.pins.length} pools: ${why.pins.join(', ')}`
    case 'pin-across-vendors':
      return `pin ${why.pin} holds hosts of ${why.vendors.join(' and ')}, which share no pool`
    case 'too-few-hosts':
      return `${why.vendor || 'there'} has ${why.hosts} hosts, and a pool must have ${why.smallest}: leave them out, or ask for less`
    case 'none-found':
      return 'none was found that keeps all constraints'
  }
}
