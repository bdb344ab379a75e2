import { checkFleet, type RequirementResult } from '../../fleet/requirements/requirement-checks.ts'
import type { RequirementFailure } from '../../fleet/requirements/requirement-result.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/reason.ts'
import type { CheckAnswer, FailureAnswer, VerdictAnswer } from './answer.ts'
import { describeFailure } from './describe.ts'

/** Whether the fleet keeps to its requirements, pool by pool, and why not. Of no requirements: it does. */
export function checkAnswer(view: FleetView): CheckAnswer {
  const verdicts = checkFleet(view).map(verdict => verdictAnswer(view, verdict))
  return { passed: verdicts.every(({ passed }) => passed), verdicts }
}

const verdictAnswer = (view: FleetView, verdict: RequirementResult): VerdictAnswer => ({
  requirement: verdict.requirement,
  demand: verdict.kind,
  pool: verdict.pool,
  passed: verdict.failures.length === 0,
  failures: verdict.failures.flatMap(failure => failureAnswers(view, failure)),
})

/** What lacks a feature for several reasons is several failures: each has its own remedy. */
function failureAnswers(view: FleetView, failure: RequirementFailure): FailureAnswer[] {
  if (failure.kind !== 'lacks') {
    const feature = 'feature' in failure ? { feature: reasonOf(failure.feature) } : {}
    const guest = failure.kind === 'stuck' ? { guest: failure.stuck.guest.name } : {}
    return [{ ...describeFailure(view, failure), hosts: hostsOf(failure), ...feature, ...guest }]
  }
  const { feature, lacking } = failure
  const byRemedy = new Map<string, typeof lacking>()
  for (const one of lacking)
    byRemedy.set(one.finding.remedy, [...(byRemedy.get(one.finding.remedy) ?? []), one])
  return [...byRemedy.values()].map(some => ({
    ...describeFailure(view, { ...failure, lacking: some }),
    hosts: some.flatMap(({ group }) => group.hosts.map(({ name }) => name)),
    feature: reasonOf(feature),
  }))
}

function hostsOf(failure: RequirementFailure): string[] {
  switch (failure.kind) {
    case 'phys-bits':
    case 'microcode':
    case 'vendor':
    case 'vulnerable':
      return [failure.host.name]
    case 'older-microcode':
      return failure.hosts.map(({ name }) => name)
    case 'odd':
      return failure.odd.group.hosts.map(({ name }) => name)
    default:
      return []
  }
}
