import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import { bytewise } from '../core/text.ts'
import { type Level, levelOf } from '../map/levels.ts'
import type { Group } from './groups.ts'
import type { FleetHost } from './host.ts'
import { Interner } from './interned.ts'
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

/** The groups by their features, in order of the first of each. */
function groupByFeatures(groups: readonly Group[]): FeatureKind[] {
  const sets = new Interner()
  const kinds: { features: FeatureSet; groups: Group[] }[] = []
  for (const group of groups) {
    const { features, key } = sets.intern(group.offered)
    const kind = kinds[key]
    if (kind) kind.groups.push(group)
    else kinds[key] = { features, groups: [group] }
  }
  return kinds.map(kind => ({ ...kind, hosts: countHosts(kind.groups), weight: sumWeights(kind.groups) }))
}

const countHosts = (groups: readonly Group[]): number =>
  groups.reduce((sum, { hosts }) => sum + hosts.length, 0)

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
