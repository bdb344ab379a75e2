import * as v from 'valibot'

import { writtenParts } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A pool's guest CPU. */
export const BaselineAnswer = v.strictObject({
  xml: v.string(),
  ...writtenParts,
  model: v.string(),
  features: described(
    v.array(v.string()),
    "Everything the CPU has, its model's features included, in map order.",
  ),
})
export type BaselineAnswer = AnswerOf<typeof BaselineAnswer>
