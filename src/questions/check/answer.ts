import * as v from 'valibot'
import { FeatureInGroups, GroupPlaces, groupsPart, Reason } from '../answer-parts.ts'
import { keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** What is wrong and what remedies it, each a line without a full stop; an empty remedy: nothing that could be named. */
export const FailureWords = v.strictObject({ text: v.string(), remedy: v.string() })
export type FailureWords = AnswerOf<typeof FailureWords>

/** Why a demand is not kept, once for each thing that breaks it. */
export const FailureAnswer = v.strictObject({
  ...FailureWords.entries,
  inGroups: described(GroupPlaces, "The hosts that break it; empty: it is the pool's."),
  about: v.exactOptional(described(Reason, 'The feature that it is about.')),
  guest: v.exactOptional(described(v.string(), 'The guest that it is about.')),
})
export type FailureAnswer = AnswerOf<typeof FailureAnswer>

/** Whether a pool keeps to a demand. */
export const VerdictAnswer = v.strictObject({
  requirement: v.string(),
  kind: v.picklist([
    'microcode',
    'vendor',
    'model',
    'phys-bits',
    'pools',
    'level',
    'os',
    'must-have',
    'must-not',
    'lost',
    'hosts',
    'same-microcode',
    'alike',
    'not-vulnerable',
    'reported-within',
    'movable',
    'safe',
    'kept-cpu',
  ]),
  pool: v.string(),
  passed: described(v.boolean(), 'Whether nothing is known that breaks it.'),
  failures: v.array(FailureAnswer),
  unknown: described(
    v.array(
      v.strictObject({
        ...FeatureInGroups.entries,
        guestNames: v.exactOptional(described(v.array(v.string()), 'Guests of which it is not known.')),
      }),
    ),
    'What is required besides and some hosts, or guests, tell nothing of: it may be missing there.',
  ),
})
export type VerdictAnswer = AnswerOf<typeof VerdictAnswer>

export const CheckAnswer = v.strictObject({
  ...groupsPart,
  passed: v.boolean(),
  verdicts: v.array(VerdictAnswer),
  ...keptCpusPart,
})
export type CheckAnswer = AnswerOf<typeof CheckAnswer>
