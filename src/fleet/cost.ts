import type { Feature } from '../core/feature.ts'
import { FeatureSet, Interner } from '../core/feature-set.ts'
import { bytewise } from '../core/text.ts'
import { type Level, levelOf } from '../map/levels.ts'
import { countHosts, type Group } from './groups.ts'
import type { FleetHost } from './host.ts'
import { findPossible } from './offered.ts'
import { sumWeights, type Valuation } from './value.ts'

/** What a pool would gain without some of its hosts: what they cost it. */
export interface Cost {
  /** The pool's groups with the same features: they cost together, and one of them alone nothing. */
  readonly groups: readonly Group[]
  /** How many hosts they have. With 1 this is the cost of that host. */
  readonly hosts: number
  /** What the baseline of the others has more, in map order. */
  readonly features: readonly Feature[]
  /** The worth of those features. */
  readonly worth: number
  /** The value that the others gain: their weight times `worth`. What leaves takes its own value with it. */
  readonly gain: number
  /** The levels reached with and without them, where these differ; undefined: none. */
  readonly step?: { readonly from: Level | undefined; readonly to: Level | undefined }
}

/** The cost of one host. */
interface HostCost {
  readonly host: FleetHost
  /** Undefined: nothing, for others have exactly its features, or all have what it has. */
  readonly cost: Cost | undefined
}

/**
 * What each kind of host costs the pool, the dearest first: by gain, then worth, then count of features, then
 * name. A pool of one kind costs itself nothing.
 */
export function computeCosts(
  valuation: Valuation,
  levels: readonly Level[],
  groups: readonly Group[],
): Cost[] {
  const kinds = groupByFeatures(groups)
  const others = meetOthers(kinds.map(({ features }) => features))
  const [first] = kinds
  if (!first) return []
  const common = others.length > 1 ? (others[0] ?? first.features).meet(first.features) : first.features
  const weight = sumWeights(groups)
  const from = levelOf(levels, common)
  const cost = (kind: FeatureKind, i: number): Cost => {
    const without = kinds.length > 1 ? (others[i] ?? common) : common
    const more = without.minus(common)
    const worth = valuation.worth(without) - valuation.worth(common)
    const to = more.isEmpty ? from : levelOf(levels, without)
    return {
      groups: kind.groups,
      hosts: kind.hosts,
      features: valuation.table.in(more),
      worth,
      gain: worth * (weight - kind.weight),
      ...(to === from ? {} : { step: { from, to } }),
    }
  }
  return kinds.map(cost).sort(compareCosts)
}

/** What the others of a pool gain when several kinds of hosts go, or are fixed, one after another. */
export interface JointCost {
  /** The groups of this step: they lack something alike, so that one of them alone gains nothing. */
  readonly groups: readonly Group[]
  readonly hosts: number
  /** What the others gain by this step and those before it, in map order. */
  readonly features: readonly Feature[]
  /** The value of that: their weight times its worth. */
  readonly gain: number
  /** The level that they reach then; undefined: none. */
  readonly level: Level | undefined
}

/** More steps are no plan. */
const MOST_STEPS = 8

/**
 * What has to go or be fixed together, step by step: each time all that lack some feature and stand for the most gain
 * a host. Ends where more than half of the hosts would be gone.
 */
export function computeJointCosts(
  valuation: Valuation,
  levels: readonly Level[],
  groups: readonly Group[],
): JointCost[] {
  const kinds = groupByFeatures(groups)
  const all = kinds.reduce((sum, { hosts }) => sum + hosts, 0)
  const losses = findLackers(valuation, kinds)
  const steps: JointCost[] = []
  let gone = new Set<number>()
  let before = 0
  while (steps.length < MOST_STEPS) {
    const best = findBestStep(kinds, losses, gone, before)
    if (!best || 2 * countOf(kinds, best.gone) > all) break
    const rest = kinds.filter((_, i) => !best.gone.has(i))
    const features = losses.flatMap(loss => (isWithin(loss.lackers, best.gone) ? loss.features : []))
    const leaving = kinds.filter((_, i) => best.gone.has(i) && !gone.has(i))
    steps.push({
      groups: leaving.flatMap(kind => kind.groups),
      hosts: countHosts(leaving.flatMap(kind => kind.groups)),
      features: valuation.table.in(valuation.table.setOf(features)),
      gain: best.gain,
      level: levelOf(
        levels,
        rest.map(kind => kind.features).reduce((a, b) => a.meet(b)),
      ),
    })
    gone = best.gone
    before = best.gain
  }
  return steps
}

/** Features that the same kinds lack. */
interface Loss {
  /** Places in the list of kinds. */
  readonly lackers: readonly number[]
  readonly features: Feature[]
  worth: number
}

function findLackers(valuation: Valuation, kinds: readonly FeatureKind[]): Loss[] {
  const union = kinds.reduce((set, { features }) => set.join(features), FeatureSet.empty)
  const common = kinds.reduce((set, { features }) => set.meet(features), union)
  const losses = new Map<string, Loss>()
  for (const feature of valuation.table.in(union.minus(common))) {
    const lackers = kinds.flatMap(({ features }, i) => (feature.bits.leq(features) ? [] : [i]))
    const loss = losses.get(lackers.join()) ?? { lackers, features: [], worth: 0 }
    loss.features.push(feature)
    loss.worth += valuation.worthOf(feature)
    losses.set(lackers.join(), loss)
  }
  return [...losses.values()]
}

/** The step with the most gain a host beyond what was gained before; undefined: none gains anything. */
function findBestStep(
  kinds: readonly FeatureKind[],
  losses: readonly Loss[],
  gone: ReadonlySet<number>,
  before: number,
): { readonly gone: Set<number>; readonly gain: number } | undefined {
  const weight = kinds.reduce((sum, kind) => sum + kind.weight, 0)
  let best: { gone: Set<number>; gain: number; rate: number } | undefined
  for (const { lackers } of losses.filter(loss => loss.worth > 0)) {
    const next = new Set([...gone, ...lackers])
    const leaving = countOf(kinds, next) - countOf(kinds, gone)
    if (leaving === 0 || next.size === kinds.length) continue
    const worth = losses.reduce((sum, loss) => sum + (isWithin(loss.lackers, next) ? loss.worth : 0), 0)
    const gain = worth * (weight - [...next].reduce((sum, i) => sum + (kinds[i]?.weight ?? 0), 0))
    const rate = (gain - before) / leaving
    if (rate > (best?.rate ?? 0)) best = { gone: next, gain, rate }
  }
  return best
}

const isWithin = (lackers: readonly number[], gone: ReadonlySet<number>): boolean =>
  lackers.every(i => gone.has(i))

const countOf = (kinds: readonly FeatureKind[], places: Iterable<number>): number =>
  [...places].reduce((sum, i) => sum + (kinds[i]?.hosts ?? 0), 0)

/** What each host costs, in the order of the costs: only a host that no other equals costs something. */
export function listHostCosts(costs: readonly Cost[]): HostCost[] {
  const single = costs.filter(isCostOfOneHost)
  const rest = costs.filter(cost => !isCostOfOneHost(cost)).flatMap(listHosts)
  return [
    ...single.flatMap(cost => listHosts(cost).map(host => ({ host, cost }))),
    ...rest.sort((a, b) => bytewise(a.name, b.name)).map(host => ({ host, cost: undefined })),
  ]
}

const isCostOfOneHost = ({ hosts, features }: Cost): boolean => hosts === 1 && features.length > 0

const listHosts = ({ groups }: Cost): FleetHost[] => groups.flatMap(({ hosts }) => hosts)

const nameOf = ({ groups }: Cost): string => groups[0]?.name ?? ''

const compareCosts = (a: Cost, b: Cost): number =>
  b.gain - a.gain ||
  b.worth - a.worth ||
  b.features.length - a.features.length ||
  bytewise(nameOf(a), nameOf(b))

/** Groups that give guests the same features, whatever else parts them: leaving one of two out changes no baseline. */
interface FeatureKind {
  readonly features: FeatureSet
  /** In the order given; never empty. */
  readonly groups: readonly Group[]
  /** How many hosts. */
  readonly hosts: number
  /** The sum of their weights. */
  readonly weight: number
}

/** The groups by their features, in order of the first of each. What nothing is known of costs nobody anything. */
function groupByFeatures(groups: readonly Group[]): FeatureKind[] {
  const sets = new Interner()
  const kinds: { features: FeatureSet; groups: Group[] }[] = []
  const possible = findPossible(groups)
  for (const [i, group] of groups.entries()) {
    const { features, key } = sets.intern(possible[i] ?? group.offered)
    const kind = kinds[key]
    if (kind) kind.groups.push(group)
    else kinds[key] = { features, groups: [group] }
  }
  return kinds.map(kind => ({ ...kind, hosts: countHosts(kind.groups), weight: sumWeights(kind.groups) }))
}

/**
 * For each set, the meet of all the others, in three meets a set: what comes before it and what comes after
 * are each folded once. Of a single set the others are none, and have nothing.
 */
function meetOthers(sets: readonly FeatureSet[]): FeatureSet[] {
  const after: (FeatureSet | undefined)[] = [undefined]
  for (const set of sets.slice(1).reverse()) after.push(meetOptional(set, after.at(-1)))
  let before: FeatureSet | undefined
  return sets.map(set => {
    const others = meetOptional(before, after.pop()) ?? FeatureSet.empty
    before = meetOptional(before, set)
    return others
  })
}

/** The meet, where undefined stands for the CPU that has everything. */
const meetOptional = (a: FeatureSet | undefined, b: FeatureSet | undefined): FeatureSet | undefined =>
  a && b ? a.meet(b) : (a ?? b)
