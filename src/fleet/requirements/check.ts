import { globs } from '../../core/text.ts'
import { type FleetPool, poolsOf } from '../pools.ts'
import type { Requirement } from './requirement.ts'
import { type Checked, DEMANDS } from './requirement-checks.ts'
import type { Demand, RequirementFailure } from './requirement-result.ts'

/** Whether a pool keeps to one demand of a requirement. */
export interface Verdict {
  /** The requirement's name. */
  readonly requirement: string
  readonly demand: Demand
  /** The pool's label. */
  readonly pool: string
  /** Why it does not; empty: it does. */
  readonly failures: readonly RequirementFailure[]
}

/**
 * Every demand of every requirement of each pool that it is for, in that order: requirements as they are given,
 * pools bytewise. A requirement whose labels fit no pool is a failure of its own: policy that covers nothing.
 */
export function checkFleet(checked: Checked): Verdict[] {
  const pools = poolsOf(checked.groups)
  return checked.fleet.requirements.flatMap(requirement => {
    const meant = pools.filter(({ label }) => isFor(requirement, label))
    if (meant.length === 0) return [ofNoPool(requirement)]
    return meant.flatMap(pool => verdictsOf(checked, requirement, pool))
  })
}

const isFor = ({ pools }: Requirement, label: string): boolean =>
  pools === undefined || pools.some(pattern => globs(pattern, label))

const verdictsOf = (checked: Checked, requirement: Requirement, pool: FleetPool): Verdict[] =>
  DEMANDS.flatMap(({ demand, failures }) => {
    const found = failures(checked, requirement, pool)
    return found ? [{ requirement: requirement.name, demand, pool: pool.label, failures: found }] : []
  })

const ofNoPool = ({ name, pools = [] }: Requirement): Verdict => ({
  requirement: name,
  demand: 'pools',
  pool: pools.join(' '),
  failures: [{ kind: 'no-pool', labels: pools }],
})
