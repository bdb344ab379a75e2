import * as v from 'valibot'
import { FINDING_KINDS } from '../../map/error-table.ts'
import { Reason } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A word of a text, and what it is. */
const UnderstoodWord = v.strictObject({ text: v.string(), means: v.string() })
export type UnderstoodWord = AnswerOf<typeof UnderstoodWord>

const FoundAt = v.strictObject({
  source: v.string(),
  line: described(v.number(), '0: what the document as a whole says.'),
  text: v.string(),
})
export type FoundAt = AnswerOf<typeof FoundAt>

/** A feature that an error is about, and what is known of it on the hosts that were given. */
const FeatureOnHosts = v.strictObject({
  ...Reason.entries,
  missingOn: v.array(v.string()),
  unknownOn: v.array(v.string()),
})
export type FeatureOnHosts = AnswerOf<typeof FeatureOnHosts>

/** A known error that the texts hold. */
export const Diagnosis = v.strictObject({
  error: described(v.string(), 'Its name, which stays the same.'),
  kind: described(
    v.picklist(FINDING_KINDS),
    "`failure`: it did not start, move or run; `setting`: a definition that will be refused or does not do what it says; `warning`: it went on; `frame`: words around another program's error.",
  ),
  tools: v.array(v.string()),
  meaning: v.string(),
  cause: v.exactOptional(v.string()),
  count: described(v.number(), 'How often it was found.'),
  found: described(v.array(FoundAt), 'Where, the first few.'),
  featuresOnHosts: v.array(FeatureOnHosts),
  words: described(v.array(UnderstoodWord), 'What other words in it are: registers, models, machine types.'),
  here: described(v.array(v.string()), 'What the hosts and guests that were given show of it, a line each.'),
  remedies: described(v.array(v.string()), 'In the order in which they are to be tried.'),
  wording: described(
    v.picklist(['confirmed', 'unverified']),
    '`unverified`: no source confirms that the error reads so; it may be another one.',
  ),
  sources: described(v.array(v.string()), 'Keys of docs/sources.md.'),
})
export type Diagnosis = AnswerOf<typeof Diagnosis>

/** A text that looks like an error and is not known. */
export const UnknownText = v.strictObject({
  ...FoundAt.entries,
  words: described(v.array(UnderstoodWord), 'What of it was understood.'),
})
export type UnknownText = AnswerOf<typeof UnknownText>

export const DoctorAnswer = v.strictObject({
  findings: described(v.array(Diagnosis), 'The most urgent first.'),
  unknown: v.array(UnknownText),
})
export type DoctorAnswer = AnswerOf<typeof DoctorAnswer>
