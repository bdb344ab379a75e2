import { fewNames } from './describe.ts'
import type { Reason } from './reason.ts'

/** `pool blue`; of the hosts without a label `the fleet`. */
export const poolName = (label: string): string => (label === '' ? 'the fleet' : `pool ${label}`)

/** The features' names, at most so many. */
export const namesOf = (reasons: readonly Reason[], most?: number): string =>
  fewNames(
    reasons.map(({ feature }) => feature),
    most,
  )
