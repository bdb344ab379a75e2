import * as v from 'valibot'

import { type AnswerOf, described } from '../schema.ts'

/** A model that guests may ask for by name. */
export const HypervisorModel = v.strictObject({
  name: v.string(),
  usable: described(
    v.picklist(['yes', 'no', 'unknown']),
    '`unknown`: the hypervisor does not say, as on ARM and POWER.',
  ),
  blockers: described(
    v.array(v.string()),
    'What the host cannot give it, sorted, each once; empty too where an old libvirt does not say.',
  ),
})
export type HypervisorModel = AnswerOf<typeof HypervisorModel>
