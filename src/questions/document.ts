import type { InferInput } from 'valibot'
import type { AnyQuestion, Outcome } from './question.ts'
import type { AnswerOf } from './schema.ts'
import { printNote } from './words/describe.ts'
import type { Note } from './words/note.ts'

/** The version of the answers' keys. */
export const SCHEMA_VERSION = 2

/** A note as data, with its sentence. */
type NoteWithText = Note & { readonly text: string }

/** The reasons that a question can give; never where it has none. */
type ReasonsOf<Q extends AnyQuestion> = NonNullable<Q['reasons']>

/** What a question takes. */
export type InputOf<Q extends AnyQuestion> = InferInput<Q['input']> &
  ([ReasonsOf<Q>] extends [never] ? unknown : { readonly explain?: boolean })

/** An answer as every face returns it: its keys, what to know about it, and the reasons where they were asked for. */
export type DocumentOf<Q extends AnyQuestion> = { readonly schema: typeof SCHEMA_VERSION } & AnswerOf<
  Q['answer']
> & { readonly notes: readonly NoteWithText[] } & ([ReasonsOf<Q>] extends [never]
    ? unknown
    : { readonly explain?: AnswerOf<ReasonsOf<Q>> })

/** The document of an outcome, its keys in their fixed order. */
export const documentOf = ({ answer, notes = [], explain }: Outcome): Record<string, unknown> => ({
  schema: SCHEMA_VERSION,
  ...(answer as object),
  notes: notes.map(printNote),
  ...(explain === undefined ? {} : { explain }),
})
