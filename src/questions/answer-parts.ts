import * as v from 'valibot'
import { FORMATS } from '../formats/printers.ts'
import { type AnswerOf, described, word } from './schema.ts'

/** The `format` of a question that answers with a definition. */
export const formatInput = v.optional(word(FORMATS, 'Write the definition in this format too, as `written`.'))

/** The definition in the format that the request names. */
export const writtenText = v.exactOptional(
  described(v.string(), 'The definition in the `format` of the request.'),
)

/** A feature with its coordinates: what every reason is made of. */
export const Reason = v.strictObject({
  feature: v.string(),
  place: described(v.string(), '`CPUID.07H.0:EBX[5]`'),
  title: described(
    v.string(),
    "One line in the manual's terms; empty where an installed map is used, which has none.",
  ),
})
export type Reason = AnswerOf<typeof Reason>

/** A feature that some hosts of a pool have and others have not. */
export const LostFeature = v.strictObject({
  ...Reason.entries,
  class: v.exactOptional(v.string()),
  hosts: described(v.array(v.string()), 'Names of the hosts that lack it.'),
})
export type LostFeature = AnswerOf<typeof LostFeature>

/** Why the pool's CPU is as it is. */
export const BaselineReasons = v.strictObject({
  hosts: described(v.number(), 'How many hosts there are.'),
  model: v.strictObject({
    name: v.string(),
    of: described(v.array(v.string()), "The models that the hosts' own definitions name, each once."),
    because: described(
      v.picklist(['asked', 'shared', 'own', 'closest']),
      '`asked`: by `onModel`; `shared`: every host is of this model; `own`: some are; `closest`: none is.',
    ),
    added: v.number(),
    disabled: v.number(),
  }),
  lost: v.array(LostFeature),
})
export type BaselineReasons = AnswerOf<typeof BaselineReasons>
