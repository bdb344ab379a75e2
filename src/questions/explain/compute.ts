import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { matches } from '../../core/model.ts'
import { findOutliers, Losses } from '../../fleet/causes/lost.ts'
import { isSameRate } from '../../fleet/change/drift.ts'
import {
  areParted,
  baselineOf,
  countHosts,
  type FleetPool,
  type Group,
  vendorsOf,
} from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { findOnRequest, findUnknown } from '../../fleet/offered.ts'
import { findShortfall } from '../../fleet/requirements/requirement.ts'
import { sumWeights } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import type { FeatureInGroups, Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { describeRefusal } from '../migrate/describe.ts'
import { type Candidate, idRegistersPart, notLost, type PoolCpu, poolCpuOf } from '../pools/choice.ts'
import { keptPart, unsafeFeatures } from '../pools/compute.ts'
import { reasonOf } from '../words/note.ts'
import type {
  Axis,
  FeatureAnswer,
  FeatureInPool,
  GroupSummary,
  OddHost,
  Oddity,
  PoolExplanation,
  RunnerUp,
} from './answer.ts'
import { findFixes } from './cost-report.ts'
import { CauseDescriber, classedReasons, namesIn, type PlacesOf, placesAmong, reasonsOf } from './reasons.ts'

/** What CPUs have that is no feature, and guests rely on all the same. */
type AxisName = 'physical address bits' | 'TSC rate' | 'XSAVE size' | 'cache line'

interface Measure {
  readonly axis: AxisName
  readonly of: (host: FleetHost) => bigint | undefined
  readonly print: (value: bigint) => string
  /** Whether two values are one: the TSC is measured anew by each boot. */
  readonly same?: (a: bigint, b: bigint) => boolean
  readonly warning: (least: string, hosts: readonly FleetHost[]) => string | undefined
}

const whole = (value: number | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(value)

const MEASURES: readonly Measure[] = [
  {
    axis: 'physical address bits',
    of: ({ physBits }) => whole(physBits),
    print: String,
    warning: least =>
      `give guests <maxphysaddr mode='emulate' bits='${least}'/>: one with more crashes where it uses an address ` +
      'beyond, and libvirt and QEMU let it go there',
  },
  {
    axis: 'TSC rate',
    of: ({ tscHz }) => tscHz,
    print: hz => `${(Number(hz) / 1e6).toFixed(1)} MHz`,
    same: isSameRate,
    warning: (_, hosts) =>
      hosts.every(({ tscScaling }) => tscScaling)
        ? undefined
        : 'guests see the clock run at another rate after they move: give them no invtsc, or hosts that scale it',
  },
  {
    axis: 'XSAVE size',
    of: ({ xsaveSize }) => whole(xsaveSize),
    print: bytes => `${bytes} bytes`,
    warning: () =>
      'state of features that only some hosts have: guests with the pool’s features fit all of them',
  },
  {
    axis: 'cache line',
    of: ({ lineSize }) => whole(lineSize),
    print: bytes => `${bytes} bytes`,
    warning: () =>
      'CLFLUSH works on lines of another size after a move: such hosts cannot share a pool safely',
  },
]

/** The axes of which any host tells something. */
function axesOf(groups: readonly Group[]): Axis[] {
  return MEASURES.map(measure => axisOf(measure, groups)).filter(({ values }) => values.length > 0)
}

function axisOf(
  { axis, of, print, same = (a, b) => a === b, warning }: Measure,
  groups: readonly Group[],
): Axis {
  const hosts = groups.flatMap(group => group.hosts)
  const known = hosts.flatMap(host => {
    const value = of(host)
    return value === undefined ? [] : [{ host, value }]
  })
  known.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
  const firsts: bigint[] = []
  const placeOf = new Map<FleetHost, number>()
  for (const { host, value } of known) {
    const last = firsts.at(-1)
    if (last === undefined || !same(last, value)) firsts.push(value)
    placeOf.set(host, firsts.length - 1)
  }
  const texts = firsts.map(print)
  const said = texts[1] === undefined ? undefined : warning(texts[0] ?? '', [...placeOf.keys()])
  return {
    axis,
    values: withHosts(texts, groups, placeOf),
    unknownCount: hosts.length - known.length,
    ...(said === undefined ? {} : { warning: said }),
  }
}

/** The values with their groups, and the hosts of groups that have several. @param placeOf of each host that tells its value */
function withHosts(
  texts: readonly string[],
  groups: readonly Group[],
  placeOf: ReadonlyMap<FleetHost, number>,
): Axis['values'] {
  const values = texts.map(text => ({ text, inGroups: [] as number[], onHosts: [] as number[] }))
  let counted = 0
  groups.forEach(({ hosts }, place) => {
    const own = hosts.map(host => placeOf.get(host))
    const [first] = own
    if (first !== undefined && own.every(one => one === first)) values[first]?.inGroups.push(place)
    else
      own.forEach((one, i) => {
        if (one !== undefined) values[one]?.onHosts.push(counted + i)
      })
    counted += hosts.length
  })
  return values.map(({ onHosts, ...value }) => (onHosts.length > 0 ? { ...value, onHosts } : value))
}

/** Explains pools of a fleet, what they share worked out once. */
class Explainer {
  readonly #view: FleetView
  readonly #teller: CauseDescriber
  readonly #losses: Losses

  constructor(view: FleetView) {
    const { context, causes, finder, groups } = view
    this.#view = view
    this.#teller = new CauseDescriber(view)
    this.#losses = new Losses(context.db.features, causes, finder, groups)
  }

  /** Why a pool's guests get what they get. */
  pool({ label, groups }: FleetPool): PoolExplanation {
    const { context, valuation, levels } = this.#view
    const { features } = context.db
    const vendors = vendorsOf(groups)
    const cpu = poolCpuOf(this.#view, groups, undefined, label)
    const reached = cpu.kept ? cpu.features : baselineOf(groups)
    const kept = cpu.kept ? cpu.kept.gains : FeatureSet.empty
    const onRequest = findOnRequest(features, groups).minus(cpu.features)
    const placesOf = placesAmong(groups)
    const lost = this.#losses
      .find(groups, cpu.features, notLost(context.db, groups, cpu).join(onRequest).join(kept))
      .map(one => this.#teller.loss(one, placesOf))
    return {
      pool: label,
      hostCount: countHosts(groups),
      weight: sumWeights(groups),
      value: valuation.valueOfPool(groups),
      vendors,
      ...(areParted(vendors) ? { mixed: context.cpus.mixed } : {}),
      ...idRegistersPart(context, groups),
      groups: groups.map(group => summarizeGroup(this.#view, group)),
      level: levelOf(levels, reached)?.name ?? null,
      next: this.#next(groups, placesOf),
      featureCount: features.count(cpu.features),
      expression: cpu.definition ?? null,
      runnersUp: runnersUpOf(cpu),
      kept: classedReasons(highestOf(features.in(cpu.features))),
      onRequest: features.in(onRequest).map(reasonOf),
      lost,
      fixes: findFixes(this.#view, lost, sumWeights(groups)),
      unknown: features.in(cpu.unknown).map(feature => findUnknownIn(groups, feature, placesOf)),
      ...keptPart(this.#view, { label, groups }, cpu, placesOf),
      axes: axesOf(groups),
      unsafeFeatures: unsafeFeatures(this.#view, groups, cpu.features, placesOf),
      outliers: findOddHosts(this.#view, this.#teller, groups),
      withoutHypervisor: groups.reduce(
        (sum, { hosts }) => sum + hosts.filter(({ models }) => !models).length,
        0,
      ),
    }
  }

  #next(groups: readonly Group[], placesOf: PlacesOf): PoolExplanation['next'] {
    const { context, levels } = this.#view
    const short = findShortfall(context.db.features, levels, groups)
    if (!short) return null
    const missing = short.missing.map(({ feature, groups: lacking, unknownOn }) => ({
      ...(reasonsOf([feature])[0] as Reason),
      inGroups: placesOf(lacking),
      unknownInGroups: placesOf(unknownOn),
    }))
    return { level: short.level.name, missing }
  }
}

function findUnknownIn(groups: readonly Group[], feature: Feature, placesOf: PlacesOf): FeatureInGroups {
  const unsure = groups.filter(group => feature.bits.leq(findUnknown(group, feature.bits)))
  return { ...reasonOf(feature), inGroups: placesOf(unsure) }
}

/** Of values of one register where a larger one contains the smaller, the largest alone. */
function highestOf(features: readonly Feature[]): Feature[] {
  const steps = new Map<string, Feature>()
  for (const feature of features) {
    const { order, place } = feature
    if (order === '<' && place.kind === 'named') steps.set(place.name, feature)
  }
  const isStep = ({ order, place }: Feature) => order === '<' && place.kind === 'named'
  return features.filter(one => !isStep(one) || [...steps.values()].includes(one))
}

/** Why the pools' guests get what they get. @param labels which pools; absent: all */
export function answerExplain(view: FleetView, labels?: readonly string[]): PoolExplanation[] {
  const explainer = new Explainer(view)
  const wanted = view.pools.filter(({ label }) => !labels || labels.includes(label))
  return wanted.map(pool => explainer.pool(pool))
}

export function summarizeGroup(view: FleetView, group: Group): GroupSummary {
  const { db, levels } = view
  const { hosts, vendor, signature, offered, physBits } = group
  const models = new Set(hosts.map(({ model }) => model))
  const [model] = models.size === 1 ? models : []
  return {
    hosts: hosts.map(({ name }) => name),
    vendor: vendor ?? null,
    signature: signature ?? null,
    microarchitecture: microarchitectureOf(view, group),
    model: model ?? null,
    level: levelOf(levels, offered)?.name ?? null,
    featureCount: db.features.count(offered),
    physBits: physBits ?? null,
    microcodes: [...new Set(hosts.flatMap(({ microcode }) => microcode ?? []))],
  }
}

/** The silicon, with the year of its first products where that is known: `Cascade Lake, 2019`. */
function microarchitectureOf(view: FleetView, group: Group): string | null {
  const { signature } = group
  const silicon = view.siliconOf(group)
  const note = view.db.families.find(({ versions }) =>
    versions.some(({ model }) => signature && matches(model.signatures, signature)),
  )?.note
  if (note && (!silicon || note.startsWith(silicon))) return note
  const year = view.yearOf(group)
  return silicon && year ? `${silicon}, ${year}` : (silicon ?? null)
}

/** The odd ones out among the groups. */
export function findOddHosts(
  { db, finder }: FleetView,
  teller: CauseDescriber,
  groups: readonly Group[],
): OddHost[] {
  return findOutliers(db.features, finder, groups).map(({ group, norm, lacks, has }) => {
    const say = (list: typeof lacks): Oddity[] =>
      list.map(({ feature, finding }) => ({ ...reasonOf(feature), ...teller.cause(finding) }))
    return {
      inGroups: [groups.indexOf(group)],
      likeGroup: groups.indexOf(norm),
      lacks: say(lacks),
      has: say(has),
    }
  })
}

/** The models that would do too. */
export const runnersUpOf = ({ chosen, runnersUp }: PoolCpu): RunnerUp[] =>
  chosen ? runnersUp.map(candidate => runnerUp(candidate, chosen)) : []

function runnerUp(candidate: Candidate, chosen: Candidate): RunnerUp {
  const { model, added, disabled, needs } = candidate
  const names = disabled.map(({ name }) => name)
  return {
    model: model.name,
    addedCount: added.length,
    disabled: names,
    leastVersions: needs,
    why: whyNot(candidate, chosen),
  }
}

function whyNot(candidate: Candidate, chosen: Candidate): string {
  const { added, disabled, needs, refusal, cost } = candidate
  if (refusal) return `${refusal.host} ${describeRefusal(refusal)}`
  const [more, off] = [added.length - chosen.added.length, disabled.length - chosen.disabled.length]
  const words = [
    ...(off > 0 ? [`${off} more to disable`] : []),
    ...(more > 0 ? [`${more} more to add`] : []),
    ...(needs.qemu === chosen.needs.qemu ? [] : [`QEMU ${needs.qemu}`]),
  ]
  if (words.length > 0) return words.join(', ')
  return cost > chosen.cost ? 'a longer definition' : 'as good, and earlier in the map'
}

/** What becomes of a feature, pool by pool. @param labels which pools; absent: all */
export function explainFeature(view: FleetView, feature: Feature, labels?: readonly string[]): FeatureAnswer {
  const explainer = new Explainer(view)
  const wanted = view.pools.filter(({ label }) => !labels || labels.includes(label))
  return { ...reasonOf(feature), pools: wanted.map(pool => inPool(feature, pool, explainer.pool(pool))) }
}

function inPool(
  feature: Feature,
  { label, groups }: FleetPool,
  { lost, kept, unknown }: PoolExplanation,
): FeatureInPool {
  const has = (group: Group) => feature.bits.leq(group.features.join(group.offered))
  const isUnknown = (group: Group) => !has(group) && !findUnknown(group, feature.bits).isEmpty
  const placesOf = placesAmong(groups)
  const loss = lost.find(one => one.feature === feature.name)
  const isKept = kept.some(one => one.feature === feature.name)
  const isOpen = unknown.some(one => one.feature === feature.name) || groups.some(isUnknown)
  return {
    pool: label,
    status: loss ? 'lost' : isKept ? 'kept' : isOpen ? 'unknown' : 'absent',
    groups: namesIn(groups),
    presentInGroups: placesOf(groups.filter(has)),
    missingInGroups: placesOf(groups.filter(group => !has(group) && !isUnknown(group))),
    unknownInGroups: placesOf(groups.filter(isUnknown)),
    causes: loss?.causes ?? [],
  }
}
