import { Losses } from '../../fleet/causes/lost.ts'
import type { Group } from '../../fleet/groups.ts'
import { findOfferedByHypervisor } from '../../fleet/offered.ts'
import { baselineOf, type FleetPool } from '../../fleet/pools.ts'
import { findShortfall } from '../../fleet/requirements/shortfall.ts'
import { groupByClass, sumWeights } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import type { Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolExplanation } from './answer.ts'
import { axesOf } from './axes.ts'
import { summarizeGroup } from './group.ts'
import { describeModels } from './models.ts'
import { findOddHosts } from './odd-ones.ts'
import { CauseDescriber, reasonsOf } from './reasons.ts'

/** Explains pools of a fleet, what they share worked out once. */
export class Explainer {
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
      odd: findOddHosts(this.#view, this.#teller, groups),
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
    const missing = short.missing.map(({ feature, groups: lacking }) => ({
      ...(reasonsOf([feature])[0] as Reason),
      hosts: this.#teller.names(lacking),
    }))
    return { level: short.level.name, missing }
  }
}

/** Why the pools' guests get what they get. @param labels which pools; absent: all */
export function explain(view: FleetView, labels?: readonly string[]): PoolExplanation[] {
  const explainer = new Explainer(view)
  const wanted = view.pools.filter(({ label }) => !labels || labels.includes(label))
  return wanted.map(pool => explainer.pool(pool))
}
