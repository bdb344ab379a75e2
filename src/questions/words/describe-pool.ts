import { fewNames } from '../../core/text.ts'
import type { Reason } from '../answer-parts.ts'

/** `pool blue`; of the hosts without a label `the fleet`. */
export const poolName = (label: string): string => (label === '' ? 'the fleet' : `pool ${label}`)

/** The features' names, at most so many. */
export const hostNamesOf = (reasons: readonly Reason[], most?: number): string =>
  fewNames(
    reasons.map(({ feature }) => feature),
    most,
  )
