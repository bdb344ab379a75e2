import * as v from 'valibot'
import { Reason, SignatureAnswer } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

/** Why a dump is the model that it is. */
export const DecodeReasons = v.strictObject({
  model: v.string(),
  matches: described(v.boolean(), 'Whether the model is known to be of this family, model and stepping.'),
  addedCount: described(
    v.number(),
    'How many features are listed beyond the model, and how many of it disabled.',
  ),
  disabledCount: v.number(),
  rejected: described(
    v.array(v.strictObject({ model: v.string(), missing: v.array(Reason) })),
    'Models of the same family, model and stepping that do not fit, and what the CPU lacks of each.',
  ),
})
export type DecodeReasons = AnswerOf<typeof DecodeReasons>

/** The CPU of a dump. */
export const DecodeAnswer = v.strictObject({
  xml: described(v.string(), 'The definition as libvirt prints it.'),
  model: v.string(),
  vendor: v.nullable(v.string()),
  signature: SignatureAnswer,
})
export type DecodeAnswer = AnswerOf<typeof DecodeAnswer>
