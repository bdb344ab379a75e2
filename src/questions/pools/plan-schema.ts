import * as v from 'valibot'
import { fleetInput } from '../input/fleet/fleet-schema.ts'
import { described, names, text, whole, word } from '../schema.ts'

/** A fleet, and what pools that are planned must keep to; each wins over the fleet file's constraint of that name. */
export const planInput = v.strictObject({
  ...fleetInput,
  k: v.optional(whole('The most pools; absent: as the fleet file says, else 8.', 1, 1000)),
  level: v.optional(text('The x86-64 level that every pool reaches: x86-64-v3, or v3.')),
  mustHave: v.optional(names('The features that every pool has.')),
  smallest: v.optional(whole('The fewest hosts of a pool: N+1.', 1, 1000)),
  vendors: v.optional(
    word(['separate', 'together'], 'Whether hosts of several vendors may share a pool; separate if absent.'),
  ),
  pin: v.optional(
    described(
      v.record(v.string(), v.array(v.string('must be a host')), 'must be lists of hosts by label'),
      'Hosts that share a pool, by a label; * stands for any characters.',
    ),
  ),
})
export type PlanInput = v.InferOutput<typeof planInput>
