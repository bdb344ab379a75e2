import * as v from 'valibot'
import { BaselineReasons, Reason } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

/** Why a hypervisor's baseline is as it is. */
export const HypervisorReasons = v.strictObject({
  ...BaselineReasons.entries,
  withheld: described(
    v.array(Reason),
    'Features that every CPU has and the answer lacks, because the hypervisor cannot give them.',
  ),
})
export type HypervisorReasons = AnswerOf<typeof HypervisorReasons>
