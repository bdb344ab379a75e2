import { costsOf } from '../../../src/fleet/cost.ts'
import { count, fewNames } from '../../../src/verbs/say.ts'
import type { CostAnswer } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** What the pool gains without each kind of host. */
export function costView(analysis: Analysis, scope: Scope): CostAnswer {
  const groups = analysis.in(scope)
  const costs = costsOf(analysis.valuation, analysis.levels, groups)
  const dear = costs.filter(({ features }) => features.length > 0)
  const [first] = dear
  const title = !first
    ? groups.length < 2
      ? 'One CPU costs itself nothing'
      : 'No single kind of host costs the pool anything'
    : `Without ${fewNames(
        first.groups.map(group => analysis.title(group)),
        2,
      )} guests gain ${count(first.features.length, 'feature')}` +
      (first.step?.to ? ` and reach ${first.step.to.name}` : '')
  return {
    title,
    rows: costs.map(({ groups, hosts, features, worth, gain, step }) => ({
      groups: groups.map(group => analysis.id(group)),
      hosts,
      features: features.map(analysis.feature),
      worth,
      gain,
      step: step ? `${step.from?.name ?? 'no level'} → ${step.to?.name ?? 'no level'}` : '',
    })),
  }
}
