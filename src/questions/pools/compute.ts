import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { bytewise } from '../../core/text.ts'
import { baselineOf, type FleetPool, type Group, vendorsOf } from '../../fleet/groups.ts'
import { followsHost, groupGuestsByPool } from '../../fleet/guest.ts'
import { findUnsafe } from '../../fleet/interest.ts'
import type { Constraints } from '../../fleet/plan/items.ts'
import {
  type Impossible,
  type Partition,
  type Plan,
  type PlannedPool,
  planPools,
} from '../../fleet/plan/partition.ts'
import type { WriteOptions } from '../../formats/write.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { CurvePoint, KeptCpuAnswer, PoolAnswer, PoolsAnswer, UnsafeFeature } from './answer.ts'
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
  return {
    curve: curve.map((point, i) => curvePoint(point, curve[i - 1])),
    enough: enough ?? null,
    count: shown && !shown.impossible ? shown.count : null,
    pools: (shown?.pools ?? []).map(pool => toldPool(view, pool, pool.pin, asked, write)),
    leftOut: leftOut.map(({ group, lacks, unknown }) => ({
      hosts: group.hosts.map(({ name }) => name),
      lacks: context.db.features.in(lacks).map(reasonOf),
      unknown: context.db.features.in(unknown).map(reasonOf),
    })),
    now: asTheyAre(view, write),
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

function asTheyAre(view: FleetView, write: WriteOptions): PoolsAnswer['now'] {
  if (view.pools.every(({ label }) => label === '')) return null
  const told = toldPools(view, write)
  return { value: told.reduce((sum, { value }) => sum + value, 0), pools: told }
}

/** The pools that the hosts' labels make, in the order of the view. */
export const toldPools = (view: FleetView, write: WriteOptions = {}): PoolAnswer[] =>
  view.pools.map(pool => toldPool(view, plannedPool(view, pool), pool.label || undefined, undefined, write))

/** A pool that is, in the form of one that is proposed. */
function plannedPool({ valuation, levels }: FleetView, { groups }: Pick<FleetPool, 'groups'>): PlannedPool {
  const baseline = baselineOf(groups)
  const weight = groups.reduce((sum, group) => sum + group.weight, 0)
  return {
    groups,
    baseline,
    level: levels.findLast(({ needs, unknown }) => unknown.length === 0 && needs.leq(baseline)),
    hosts: groups.reduce((sum, { hosts }) => sum + hosts.length, 0),
    weight,
    value: weight * valuation.worth(baseline),
    vendors: vendorsOf(groups),
    pin: undefined,
  }
}

function toldPool(
  view: FleetView,
  pool: PlannedPool,
  label?: string,
  asked?: FeatureSet,
  write: WriteOptions = {},
): PoolAnswer {
  const { context } = view
  const { groups, weight, value, level, vendors } = pool
  const names = namesOf(groups)
  const cpu = poolCpuOf(view, groups, asked)
  const { features, unknown, definition } = cpu
  return {
    name: label ?? names[0] ?? '',
    hosts: names,
    cpus: groups.length,
    weight,
    value,
    level: (cpu.kept ? levelOf(view.levels, features) : level)?.name ?? null,
    featureCount: context.db.features.count(features),
    unknownCount: context.db.features.count(unknown),
    vendors,
    unsafeFeatures: unsafeFeatures(view, groups, features),
    model: definition?.model ?? null,
    expression: definition ? writePoolDefinition(definition, { ...write, name: label }) : null,
    ...keptPart(view, { label: groups[0]?.hosts[0]?.pool ?? '', groups }, cpu),
    ...idRegistersPart(context, groups),
  }
}

/** How a pool stands to its kept CPU, as part of an answer; nothing where it has none. */
export function keptPart(
  view: FleetView,
  { label, groups }: FleetPool,
  { kept }: PoolCpu,
): { readonly keptCpu?: KeptCpuAnswer } {
  if (!kept) return {}
  const { db, finder, fleet } = view
  const isLacked = (feature: Feature) => (group: Group) =>
    group.evidence ? group.evidence.absent.meets(feature.bits) : !feature.bits.leq(group.features)
  const lost = db.features.in(kept.lost).map(feature => {
    const lacking = groups.filter(isLacked(feature))
    const { cause, confidence, remedy } = finder.forGroup(lacking[0] ?? (groups[0] as Group))(feature)
    return { ...reasonOf(feature), hosts: namesOf(lacking), cause, confidence, remedy }
  })
  const unknown = db.features.in(kept.unknown).map(feature => ({
    ...reasonOf(feature),
    hosts: namesOf(groups.filter(({ evidence }) => evidence && !evidence.unknown(feature.bits).isEmpty)),
  }))
  const guests = groupGuestsByPool(fleet.guests, fleet.hosts).get(label) ?? []
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

/** What is not safe about hosts that share guests with these features. */
export const unsafeFeatures = (
  { db }: Pick<FleetView, 'db'>,
  groups: readonly Group[],
  guest: FeatureSet,
): UnsafeFeature[] =>
  findUnsafe(db.features, groups, guest).map(({ feature, why, having, lacking }) => ({
    ...reasonOf(feature),
    why,
    presentOn: namesOf(having),
    missingOn: namesOf(lacking),
  }))

const namesOf = (groups: readonly Group[]): string[] =>
  groups.flatMap(({ hosts }) => hosts.map(({ name }) => name)).sort(bytewise)

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
