import * as v from 'valibot'
import { CauseAnswer, Reason } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'
import { DeltaAnswer } from '../what-if/answer.ts'

/** A feature that a host no longer has, and why it lacks it now. */
const LostFeature = v.strictObject({
  ...Reason.entries,
  ...v.pick(CauseAnswer, ['cause', 'confidence', 'remedy']).entries,
})

/** One thing that changed about a host; null: not known then. */
export const ChangeAnswer = v.union([
  v.strictObject({ field: v.literal('features'), gained: v.array(Reason), lost: v.array(LostFeature) }),
  v.strictObject({
    field: described(
      v.picklist(['microcode', 'vendor', 'model', 'signature', 'physBits', 'tscHz']),
      'What it is of: `0x2b000590`, `6.85.7`, `46`, as `from` and `to`.',
    ),
    from: v.nullable(v.string()),
    to: v.nullable(v.string()),
  }),
  v.strictObject({
    field: v.literal('vulnerability'),
    name: v.string(),
    from: v.nullable(v.string()),
    to: v.nullable(v.string()),
  }),
])
export type ChangeAnswer = AnswerOf<typeof ChangeAnswer>

export const ChangedHostAnswer = v.strictObject({
  host: v.string(),
  was: v.exactOptional(described(v.string(), 'What it was called before, where that is not its name now.')),
  changes: v.array(ChangeAnswer),
})
export type ChangedHostAnswer = AnswerOf<typeof ChangedHostAnswer>

export const DriftAnswer = v.strictObject({
  ...DeltaAnswer.entries,
  drifted: v.boolean(),
  hasLost: described(v.boolean(), 'Whether a host is gone, or any lost a feature.'),
  gone: v.array(v.string()),
  added: v.array(v.string()),
  changed: v.array(ChangedHostAnswer),
  same: described(v.number(), 'How many hosts are as they were.'),
})
export type DriftAnswer = AnswerOf<typeof DriftAnswer>
