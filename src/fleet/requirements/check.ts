import { globs } from '../../core/glob.ts'
import { type FleetPool, splitIntoPools } from '../pools.ts'
import type { Requirement } from './requirement.ts'
import { type FleetCheckInput, REQUIREMENT_CHECKS } from './requirement-checks.ts'
import type { RequirementFailure, RequirementKind } from './requirement-result.ts'

/** Whether a pool keeps to one demand of a requirement. */
export interface RequirementResult {
  /** The requirement's name. */
  readonly requirement: string
  readonly kind: RequirementKind
  /** The pool's label. */
  readonly pool: string
  /** Why it does not; empty: it does. */
  readonly failures: readonly RequirementFailure[]
}

/**
 * Every demand of every requirement of each pool that it is for, in that order: requirements as they are given,
 * pools bytewise. A requirement whose labels fit no pool is a failure of its own: policy that covers nothing.
 */
export function checkFleet(checked: FleetCheckInput): RequirementResult[] {
  const pools = splitIntoPools(checked.groups)
  return checked.fleet.requirements.flatMap(requirement => {
    const meant = pools.filter(({ label }) => appliesTo(requirement, label))
    if (meant.length === 0) return [reportNoPool(requirement)]
    return meant.flatMap(pool => checkPool(checked, requirement, pool))
  })
}

const appliesTo = ({ pools }: Requirement, label: string): boolean =>
  pools === undefined || pools.some(pattern => globs(pattern, label))

const checkPool = (
  checked: FleetCheckInput,
  requirement: Requirement,
  pool: FleetPool,
): RequirementResult[] =>
  REQUIREMENT_CHECKS.flatMap(({ kind, findFailures }) => {
    const found = findFailures(checked, requirement, pool)
    return found ? [{ requirement: requirement.name, kind, pool: pool.label, failures: found }] : []
  })

const reportNoPool = ({ name, pools = [] }: Requirement): RequirementResult => ({
  requirement: name,
  kind: 'pools',
  pool: pools.join(' '),
  failures: [{ kind: 'no-pool', labels: pools }],
})
