import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { matches, type Signature } from '../../core/signature.ts'
import { Losses } from '../../fleet/causes/lost.ts'
import { findOutliers } from '../../fleet/causes/odd-ones.ts'
import type { Group } from '../../fleet/groups.ts'
import { findAllowedInGuest, findOfferedByHypervisor } from '../../fleet/offered.ts'
import { baselineOf, type FleetPool } from '../../fleet/pools.ts'
import { findShortfall } from '../../fleet/requirements/shortfall.ts'
import { groupByClass, sumWeights } from '../../fleet/value.ts'
import type { Database } from '../../map/database.ts'
import { levelOf } from '../../map/levels.ts'
import type { Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { describeRefusal } from '../migrate/describe.ts'
import { type Candidate, choose, type Expression, expressionOf } from '../pools/choice.ts'
import { reasonOf } from '../words/note.ts'
import type {
  FeatureAnswer,
  FeatureInPool,
  GroupSummary,
  OddHost,
  Oddity,
  PoolExplanation,
  RunnerUp,
} from './answer.ts'
import { axesOf } from './axes.ts'
import { CauseDescriber, reasonsOf } from './reasons.ts'

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
    const baseline = baselineOf(groups)
    const offer = findOfferedByHypervisor(context.db, groups)
    const { given, ...models } = describeModels(this.#view, groups, offer)
    return {
      pool: label,
      hosts: groups.reduce((sum, { hosts }) => sum + hosts.length, 0),
      weight: sumWeights(groups),
      value: valuation.valueOfPool(groups),
      vendors: [...new Set(groups.map(({ vendor }) => vendor ?? ''))].sort(),
      groups: groups.map(group => summarizeGroup(this.#view, group)),
      level: levelOf(levels, baseline)?.name ?? null,
      next: this.#next(groups),
      ...models,
      kept: groupByClass(features.in(given)).map(({ class: of, features: some }) => ({
        class: of,
        features: reasonsOf(some),
      })),
      lost: this.#losses.find(groups, given).map(lost => this.#teller.loss(lost)),
      axes: axesOf(groups),
      outliers: findOddHosts(this.#view, this.#teller, groups),
      withoutHypervisor: groups.reduce(
        (sum, { hosts }) => sum + hosts.filter(({ models }) => !models).length,
        0,
      ),
    }
  }

  #next(groups: readonly Group[]): PoolExplanation['next'] {
    const { context, levels } = this.#view
    const short = findShortfall(context.db.features, levels, groups)
    if (!short) return null
    const missing = short.missing.map(({ feature, groups: lacking, unknownOn }) => ({
      ...(reasonsOf([feature])[0] as Reason),
      hosts: this.#teller.names(lacking),
      unknownOn: this.#teller.names(unknownOn),
    }))
    return { level: short.level.name, missing }
  }
}

/** Why the pools' guests get what they get. @param labels which pools; absent: all */
export function answerExplain(view: FleetView, labels?: readonly string[]): PoolExplanation[] {
  const explainer = new Explainer(view)
  const wanted = view.pools.filter(({ label }) => !labels || labels.includes(label))
  return wanted.map(pool => explainer.pool(pool))
}

export function summarizeGroup({ db, levels }: FleetView, group: Group): GroupSummary {
  const { hosts, vendor, signature, features, physBits } = group
  const models = new Set(hosts.map(({ model }) => model))
  const [model] = models.size === 1 ? models : []
  return {
    hosts: hosts.map(({ name }) => name),
    vendor: vendor ?? null,
    signature: signature ?? null,
    microarchitecture: microarchitectureOf(db, signature),
    model: model ?? null,
    level: levelOf(levels, features)?.name ?? null,
    features: db.features.count(features),
    physBits: physBits ?? null,
    microcode: [...new Set(hosts.flatMap(({ microcode }) => microcode ?? []))],
  }
}

/** What the database says of the first family whose models are of this silicon. */
function microarchitectureOf({ families }: Database, signature: Signature | undefined): string | null {
  if (!signature) return null
  const family = families.find(({ versions }) =>
    versions.some(({ model }) => matches(model.signatures, signature)),
  )
  return family?.note || null
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
      hosts: teller.names([group]),
      norm: norm.name,
      normHosts: norm.hosts.length,
      lacks: say(lacks),
      has: say(has),
    }
  })
}

/** How to write what a pool's guests may be given. */
interface ModelSummary {
  /** Null where no model fits. */
  readonly expression: Expression | null
  readonly runnersUp: readonly RunnerUp[]
  /** What the guests then get: the model may have what cannot be asked for by itself. */
  readonly given: FeatureSet
}

/** The model with the shortest definition, and the next ones. @param given what the pool's guests may be given */
export function describeModels(
  { context, releases }: FleetView,
  groups: readonly Group[],
  given: FeatureSet,
): ModelSummary {
  const choice = choose(context, releases, given, groups)
  if (!choice) return { expression: null, runnersUp: [], given }
  const vendors = new Set(groups.map(({ vendor }) => vendor))
  const [name] = vendors.size === 1 ? vendors : []
  const vendor = name === undefined ? undefined : context.db.vendor(name)
  const own = choice.chosen.model.features.meet(findAllowedInGuest(context.db, groups))
  return {
    given: given.join(own),
    expression: expressionOf(context, given, vendor, choice.chosen),
    runnersUp: choice.runnersUp.map(candidate => runnerUp(candidate, choice.chosen)),
  }
}

function runnerUp(candidate: Candidate, chosen: Candidate): RunnerUp {
  const { model, added, disabled, needs } = candidate
  const names = disabled.map(({ name }) => name)
  return { model: model.name, added: added.length, disabled: names, needs, why: whyNot(candidate, chosen) }
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
  { lost, kept }: PoolExplanation,
): FeatureInPool {
  const names = (has: boolean) =>
    groups
      .filter(({ features }) => feature.bits.leq(features) === has)
      .flatMap(({ hosts }) => hosts.map(({ name }) => name))
  const loss = lost.find(one => one.feature === feature.name)
  const isKept = kept.some(({ features }) => features.some(one => one.feature === feature.name))
  return {
    pool: label,
    status: loss ? 'lost' : isKept ? 'kept' : 'absent',
    presentOn: names(true),
    missingOn: names(false),
    because: loss?.because ?? [],
  }
}
