import { FeatureSet } from '../../core/feature-set.ts'
import { bytewise, count, fewNames, groupBy } from '../../core/text.ts'
import { isOnRequest } from '../../fleet/causes/cause-of.ts'
import { Losses } from '../../fleet/causes/lost.ts'
import { type Cost, computeCosts, computeJointCosts } from '../../fleet/cost.ts'
import { baselineOf, type FleetPool, type Group } from '../../fleet/groups.ts'
import { findOnRequest, findPossible } from '../../fleet/offered.ts'
import { sumWeights } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import type { Cell, Report } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { recordOffer } from '../migrate/describe.ts'
import { notLost, poolCpuOf } from '../pools/choice.ts'
import { figure, hostsAt, isRemedy, poolName, shortRemedy, VALUE } from '../words/cells.ts'
import type {
  CostAnswer,
  FeatureOfClass,
  Fix,
  HostCost,
  LossAnswer,
  PoolCosts,
  PoolExplanation,
  SharedCause,
} from './answer.ts'
import { CauseDescriber, classedReasons, namesIn, type PlacesOf, placesAmong, reasonsOf } from './reasons.ts'

/** Adds what hosts cost their pools: what costs most first, what can be done, and all of them by what they cost. */
export function addCosts(report: Report, { pools }: CostAnswer): void {
  const ranked = rankCosts(pools)
  const { who, what } = describeMostExpensive({ pools })
  report.finding({ text: who, tone: 'bad' }, what)
  addActions(report, [...listFixes(pools), ...listPartings(pools, ranked)], pools)
  for (const { unrecorded: one, groups } of pools) {
    const gain = `nothing is known there of ${fewNames((one?.unknown ?? []).map(({ feature }) => feature))}`
    if (one) report.action(one.remedy, { on: hostsAt(groups, one.inGroups), gain })
  }
  report.instead(() => {
    report.table(
      [{ title: 'pool', wraps: true }, ...COLUMNS],
      ranked.map(({ pool, cost }) => [pool.pool, ...rowOf(pool, cost)]),
    )
  })
  for (const pool of pools) {
    report.details(() => {
      report.heading(`${poolName(pool.pool)}: ${count(pool.hostCount, 'host')}`)
      report.table(
        [...COLUMNS, { title: 'value', align: 'right' }],
        pool.costs
          .filter(cost => countOf(cost) > 0)
          .map(cost => [...rowOf(pool, cost, Infinity), figure(cost.gain)]),
      )
      const free = pool.costs
        .filter(cost => countOf(cost) === 0)
        .flatMap(cost => hostsAt(pool.groups, cost.inGroups))
      if (free.length > 0) report.line(`cost nothing alone: ${free.join(' ')}`)
    })
    addTogether(report, pool)
  }
  report.details(() => report.line(VALUE))
}

interface RankedCost {
  readonly pool: PoolCosts
  readonly cost: HostCost
}

/** The sets of equal hosts that cost their pool something, what costs most first. */
const rankCosts = (pools: readonly PoolCosts[]): RankedCost[] =>
  pools
    .flatMap(pool => pool.costs.filter(cost => countOf(cost) > 0).map(cost => ({ pool, cost })))
    .sort(
      (a, b) => b.cost.gain - a.cost.gain || b.cost.worth - a.cost.worth || countOf(b.cost) - countOf(a.cost),
    )

/** Who costs a pool most, and what: `kvm-a03 costs`, ` pool intel most: 3 features`. */
export function describeMostExpensive({ pools }: Pick<CostAnswer, 'pools'>): {
  readonly who: string
  readonly what: string
} {
  const [first] = rankCosts(pools)
  if (!first) {
    const others = pools.some(({ together }) => together.length > 0) ? '; only together do some' : ''
    const hosts = pools.reduce((sum, pool) => sum + pool.hostCount, 0)
    return {
      who: '',
      what: `no host alone, and no CPU, costs its pool anything, of ${count(hosts, 'host')}${others}`,
    }
  }
  const { pool, cost } = first
  const hosts = hostsAt(pool.groups, cost.inGroups)
  return {
    who: hosts.length > 1 ? `${hosts.length} hosts (${fewNames(hosts, 2)}) cost` : `${hosts[0]} costs`,
    what: ` ${poolName(pool.pool)} most: ${featuresOf(cost)}`,
  }
}

const featuresOf = (cost: HostCost): string =>
  count(countOf(cost), 'feature') + (cost.step ? `, and the step to ${cost.step.to ?? 'no level'}` : '')

/** What is to be done about a pool, or several: on which hosts, and what it gains. */
interface Action {
  readonly what: string
  readonly on: readonly string[]
  /** How many hosts there are. */
  readonly of?: number
  readonly gains: readonly string[]
  /** Whose guests gain. */
  readonly pools: readonly string[]
  readonly gain: number
}

/** Adds what can be done where the hosts are, for pools that the same is due in together; what gains most first. */
export const addFixes = (report: Report, pools: readonly FixablePool[]): void =>
  addActions(report, listFixes(pools), pools)

interface FixablePool {
  readonly pool: string
  readonly hostCount: number
  readonly groups: PoolCosts['groups']
  readonly fixes: readonly Fix[]
}

function listFixes(pools: readonly FixablePool[]): Action[] {
  const actions = new Map<string, Action>()
  for (const { pool, hostCount: of, groups, fixes } of pools) {
    for (const { remedy, inGroups, gains, gain } of fixes) {
      const what = shortRemedy(remedy)
      const before = actions.get(what)
      actions.set(what, {
        what,
        on: [...(before?.on ?? []), ...hostsAt(groups, inGroups)],
        of: (before?.of ?? 0) + of,
        gains: [...new Set([...(before?.gains ?? []), ...gains.map(({ feature }) => feature)])],
        pools: [...new Set([...(before?.pools ?? []), pool])],
        gain: (before?.gain ?? 0) + gain,
      })
    }
  }
  return [...actions.values()]
}

/** To part hosts from the others, where no fix is about the same hosts. */
function listPartings(pools: readonly PoolCosts[], ranked: readonly RankedCost[]): Action[] {
  const keyOf = ({ pool }: PoolCosts, { inGroups }: Fix | HostCost) => `${pool}\n${inGroups.join()}`
  const fixed = new Set(pools.flatMap(pool => pool.fixes.map(fix => keyOf(pool, fix))))
  return ranked.flatMap(({ pool: own, pool: { pool, groups }, cost }) =>
    fixed.has(keyOf(own, cost))
      ? []
      : {
          what: 'replace the CPU, or make it a pool of its own',
          on: hostsAt(groups, cost.inGroups),
          gains: [featuresOf(cost)],
          pools: [pool],
          gain: cost.gain,
        },
  )
}

/** What can be done in pools, what gains most first, with what their guests gain in words. */
export const describeFixes = (pools: readonly FixablePool[]): DescribedAction[] =>
  describeActions(listFixes(pools), pools)

/** That hosts of vendors between which guests do not move are no pool. */
export const describeParting = ({ pool, vendors }: Pick<PoolExplanation, 'pool' | 'vendors'>) => ({
  what: `part ${pool === '' ? 'the hosts' : poolName(pool)} into ${vendors.filter(Boolean).join(' and ')}`,
  gain: 'guests of each are given all that it has, and can move; none moves to another',
})

interface DescribedAction extends Omit<Action, 'gain' | 'gains' | 'pools'> {
  /** `guests of pool blue gain aes, avx2` */
  readonly gain: string
}

const describeActions = (actions: readonly Action[], all: readonly FixablePool[]): DescribedAction[] =>
  [...actions]
    .sort((a, b) => b.gain - a.gain)
    .map(({ gains, pools, ...action }) => {
      const who = action.of === undefined ? 'the others' : 'guests'
      const [only = '', ...more] = pools
      const whose =
        all.length === 1 ? who : `${who} of ${more.length > 0 ? `${pools.length} pools` : poolName(only)}`
      return { ...action, gain: `${whose} gain ${fewNames(gains)}` }
    })

function addActions(report: Report, actions: readonly Action[], all: readonly FixablePool[]): void {
  for (const { what, ...action } of describeActions(actions, all)) report.action(what, action)
}

const COLUMNS = [
  { title: 'without', wraps: true },
  { title: 'features', align: 'right' },
  { title: 'level' },
  { title: 'which the others would gain', wraps: true },
] as const

/** Adds what has to go or be fixed together. */
function addTogether(report: Report, { pool, level, groups, costs, together }: PoolCosts): void {
  const [first, ...more] = together
  // Hosts that stand above with what they cost are no plan of their own.
  const isTold = more.length === 0 && costs.some(one => one.inGroups.join() === first?.inGroups.join())
  if (!first || isTold) return
  const steps = together.map(step => ({ ...step, hosts: hostsAt(groups, step.inGroups) }))
  report.subheading(`${poolName(pool)}: what has to go or be fixed together, one row after another`)
  const add = (most: number) => () =>
    report.table(
      [
        { title: 'without', wraps: true },
        { title: 'hosts', align: 'right' },
        { title: 'features', align: 'right' },
        { title: 'level' },
      ],
      steps.map((step, i) => [
        `${i > 0 ? 'and ' : ''}${fewNames(step.hosts, most)}`,
        String(step.hosts.length),
        String(step.gains.length),
        step.level === level ? '' : (step.level ?? 'none'),
      ]),
    )
  report.instead(add(2))
  report.details(add(Infinity))
}

/** @param most how many hosts are named */
function rowOf({ groups }: PoolCosts, cost: HostCost, most = 2): Cell[] {
  const { inGroups, gains, step } = cost
  const classes = byClass(gains).map(([of, names]) => `${of}: ${names.join(' ')}`)
  return [
    fewNames(hostsAt(groups, inGroups), most),
    String(countOf(cost)),
    step ? (step.to ?? 'none') : '',
    classes.join('; '),
  ]
}

/** Of the single host that costs most, half a sentence: `kvm-a03 costs pool intel 3 features`; undefined: no single host costs anything. */
export const describeMostExpensiveShortly = (
  mostExpensive: CostAnswer['mostExpensive'],
): string | undefined =>
  mostExpensive
    ? `${mostExpensive.host} costs ${poolName(mostExpensive.pool)} ${count(countOf(mostExpensive), 'feature')}`
    : undefined

/** What each host, and each set of hosts that are alike, costs its pool. @param labels which pools; absent: all */
export function cost(view: FleetView, labels?: readonly string[]): CostAnswer {
  const teller = new CauseDescriber(view)
  const { context, causes, finder, valuation, levels } = view
  const losses = new Losses(context.db.features, causes, finder, view.groups)
  const pools = view.pools
    .filter(({ label }) => !labels || labels.includes(label))
    .map(({ label, groups }: FleetPool): PoolCosts => {
      const costs = computeCosts(valuation, levels, groups)
      const cpu = poolCpuOf(view, groups)
      const onRequest = findOnRequest(context.db.features, groups).minus(cpu.features)
      const lost = losses.find(groups, cpu.features, notLost(context.db, groups, cpu).join(onRequest))
      const placesOf = placesAmong(groups)
      const unrecorded = findUnrecorded(view, groups)
      return {
        pool: label,
        hostCount: costs.reduce((sum, one) => sum + one.hosts, 0),
        groups: namesIn(groups),
        level: levelOf(levels, baselineOf(groups))?.name ?? null,
        costs: costs.map(one => toldCost(one, placesOf)),
        unrecorded: unrecorded
          ? {
              inGroups: placesOf(unrecorded.groups),
              unknown: unrecorded.features,
              remedy: unrecorded.remedy,
            }
          : null,
        fixes: findFixes(
          view,
          lost.map(loss => teller.loss(loss, placesOf)),
          sumWeights(groups),
        ),
        together: computeJointCosts(valuation, levels, groups).map(step => ({
          inGroups: placesOf(step.groups),
          gains: reasonsOf(step.features),
          gain: step.gain,
          level: step.level?.name ?? null,
        })),
      }
    })
  return { mostExpensive: mostExpensiveOf(pools), pools }
}

/** Groups of which something of worth is not known, and what settles it. */
interface Unrecorded {
  readonly groups: readonly Group[]
  readonly features: Reason[]
  readonly remedy: string
}

/** The hosts of which something of worth is not known that others give; undefined: there are none. */
export function findUnrecorded(
  { db, valuation }: FleetView,
  groups: readonly Group[],
): Unrecorded | undefined {
  const possible = findPossible(groups)
  const unread = groups.map((group, i) => (possible[i] ?? group.offered).minus(group.offered))
  const open = groups.filter((_, i) => valuation.worth(unread[i] ?? FeatureSet.empty) > 0)
  const [first] = open
  const features = db.features.in(unread.reduce((set, own) => set.join(own), FeatureSet.empty))
  return (
    first && {
      groups: open,
      features: reasonsOf(features.filter(feature => valuation.worthOf(feature) > 0)),
      remedy: recordOffer(first),
    }
  )
}

/** What can be done about features that are lost for one reason, what gains most first. @param weight of the pool */
export function findFixes(
  { valuation, db, context }: FleetView,
  lost: readonly LossAnswer[],
  weight: number,
): Fix[] {
  const fixes = new Map<string, Fix>()
  for (const { causes: because, feature, place, title } of lost) {
    const known = db.features.get(feature)
    const gain = known && !isOnRequest(context.cpus, known) ? valuation.worthOf(known) * weight : 0
    const [only, ...more] = because
    if (gain === 0 || !only || more.length > 0 || !isFixable(only)) continue
    const key = keyOfFix(only)
    const before = fixes.get(key) ?? { ...only, gains: [], gain: 0 }
    const { cause, confidence, inGroups } = only
    fixes.set(key, {
      cause,
      confidence,
      remedy: laterRemedy(before.remedy, only.remedy),
      inGroups,
      gains: [...before.gains, { feature, place, title }],
      gain: before.gain + gain,
    })
  }
  return [...fixes.values()].sort((a, b) => b.gain - a.gain || bytewise(a.remedy, b.remedy))
}

/** Whether somebody can do something about it where the host is. */
export const isFixable = ({ cause, remedy }: Pick<SharedCause, 'cause' | 'remedy'>): boolean =>
  ['microcode', 'firmware', 'kernel', 'hypervisor'].includes(cause) && isRemedy(remedy)

/** What one thing to do remedies: of updates of the microcode that are due on the same hosts, the latest has all. */
const keyOfFix = ({ cause, remedy, inGroups }: Pick<SharedCause, 'cause' | 'remedy' | 'inGroups'>): string =>
  [cause === 'microcode' ? cause : remedy, ...inGroups].join('\n')

/** The remedy of both: the later date, without what it was for. */
const laterRemedy = (a: string, b: string): string =>
  a === b ? a : (bytewise(a, b) > 0 ? a : b).replace(/: .*/, '')

function toldCost({ groups, features, worth, gain, step }: Cost, placesOf: PlacesOf): HostCost {
  return {
    inGroups: placesOf(groups),
    gains: classedReasons(features),
    worth,
    gain,
    ...(step ? { step: { from: step.from?.name ?? null, to: step.to?.name ?? null } } : {}),
  }
}

/** By gain, then worth, then count of features; of equals the first by pool and host. */
function mostExpensiveOf(pools: readonly PoolCosts[]): CostAnswer['mostExpensive'] {
  const single = pools.flatMap(({ pool, groups, costs }) =>
    costs.flatMap(({ inGroups, ...one }) => {
      const [host, ...more] = hostsAt(groups, inGroups)
      return host !== undefined && more.length === 0 && one.gains.length > 0 ? [{ ...one, host, pool }] : []
    }),
  )
  single.sort((a, b) => b.gain - a.gain || b.worth - a.worth || countOf(b) - countOf(a))
  return single[0] ?? null
}

/** How many features the others gain. */
export const countOf = ({ gains }: Pick<HostCost, 'gains'>): number => gains.length

/** The names of features of each class, in the order of their first feature. */
export const byClass = (features: readonly FeatureOfClass[]): [of: string, names: string[]][] =>
  Array.from(
    groupBy(features, one => one.class),
    ([of, some]) => [of, some.map(({ feature }) => feature)],
  )
