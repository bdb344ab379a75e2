import type { FeatureSet } from '../../core/feature-set.ts'
import type { Group } from '../../fleet/groups.ts'
import { findAllowedInGuest } from '../../fleet/offered.ts'
import { type Expression, expressionOf } from '../input/fleet/expression.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { describeRefusal } from '../migrate/describe-obstacle.ts'
import { type Candidate, choose } from '../pools/choice.ts'
import type { RunnerUp } from './answer.ts'

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
