import { checkFleet, type Verdict } from '../../fleet/requirements/check.ts'
import type { Demand, RequirementFailure } from '../../fleet/requirements/requirement-result.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { type Reason, reasonOf } from '../words/reason.ts'
import { describeFailure, type FailureWords } from './describe.ts'

/** Why a demand is not kept, once for each thing that breaks it. */
interface FailureAnswer extends FailureWords {
  /** Names of the hosts that break it; empty: it is the pool's. */
  readonly hosts: readonly string[]
  /** The feature that it is about. */
  readonly feature?: Reason
  /** The guest that it is about. */
  readonly guest?: string
}

/** Whether a pool keeps to a demand. */
interface VerdictAnswer {
  readonly requirement: string
  readonly demand: Demand
  readonly pool: string
  readonly passed: boolean
  readonly failures: readonly FailureAnswer[]
}

export interface CheckAnswer {
  readonly passed: boolean
  readonly verdicts: readonly VerdictAnswer[]
}

/** Whether the fleet keeps to its requirements, pool by pool, and why not. Of no requirements: it does. */
export function checkAnswer(view: FleetView): CheckAnswer {
  const verdicts = checkFleet(view).map(verdict => verdictAnswer(view, verdict))
  return { passed: verdicts.every(({ passed }) => passed), verdicts }
}

const verdictAnswer = (view: FleetView, verdict: Verdict): VerdictAnswer => ({
  requirement: verdict.requirement,
  demand: verdict.demand,
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
