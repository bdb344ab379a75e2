import * as v from 'valibot'
import { Reason } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

export const CompareAnswer = v.strictObject({
  result: v.picklist(['incompatible', 'identical', 'superset']),
  message: v.exactOptional(
    described(v.string(), "Only when incompatible: libvirt's error text, prefix included."),
  ),
  missing: described(v.array(Reason), 'What the CPU requires and the host lacks.'),
  forbidden: described(v.array(Reason), 'What the CPU forbids and the host has.'),
  extra: described(v.array(Reason), 'What the host has and the CPU does not ask for.'),
})
export type CompareAnswer = AnswerOf<typeof CompareAnswer>
