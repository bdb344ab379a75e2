import type { InferInput, InferOutput } from 'valibot'
import { BadRequest } from '../core/parse-error.ts'
import type { Report } from '../report/report.ts'
import type { Context } from './context.ts'
import type { AnswerOf, Schema } from './schema.ts'
import type { Note } from './words/note.ts'

/** The result of a question: the answer, what to know about it, and the reasons where they were asked for. */
export interface Outcome<Answer = unknown, Reasons = unknown> {
  readonly answer: Answer
  readonly notes?: readonly Note[] | undefined
  readonly explain?: Reasons | undefined
}

/** What a request may have besides the question's own input. */
export interface AskOptions {
  /** Return the reasons too. */
  readonly explain: boolean
}

/**
 * One question. Everything else is derived from it: the batch verb, the HTTP route with its OpenAPI schemas, the
 * JSON Schema, the library function with its types, and what the command line and the page ask.
 */
export interface Question<
  Name extends string = string,
  Input extends Schema = Schema,
  Answer extends Schema = Schema,
  Reasons extends Schema = Schema,
> {
  /** The batch verb, and the last part of the HTTP path. */
  readonly name: Name
  /** One line that begins with a verb: `Find the best pools for a fleet`. */
  readonly summary: string
  readonly input: Input
  readonly answer: Answer
  /** The schema of the reasons. Absent: the question has none to give. */
  readonly reasons?: Reasons
  /** Loads what adds an answer to the report that people read. Absent: the answer is a document or data alone. */
  readonly report?: () => Promise<Reporter<AnswerOf<Answer>>>
  /** Computes the answer. `input` was checked. @throws LibvirtError, ParseError, BadRequest */
  readonly run: (
    context: Context,
    input: InferOutput<Input>,
    options: AskOptions,
  ) => Outcome<AnswerOf<Answer>, AnswerOf<Reasons>>
}

/** Adds an answer to a report. */
export type Reporter<Answer> = (report: Report, answer: Answer) => void

/** Any question, for code that only passes checked input on. */
export interface AnyQuestion extends Omit<Question, 'run' | 'report'> {
  readonly report?: () => Promise<Reporter<never>>
  readonly run: (context: Context, input: never, options: AskOptions) => Outcome
}

/** The keys of a type; of a union, those of every member. */
type KeysOf<T> = T extends unknown ? keyof T : never

/** `Given` without a key that `Answer` does not have: such a key must be `never`, which no value is. */
type Exactly<Given, Answer> = Given & { readonly [Key in Exclude<KeysOf<Given>, KeysOf<Answer>>]: never }

/**
 * Defines a question. The types of `run` follow from its schemas: an answer that lacks a key of its schema, has one
 * more, or one of another type does not compile.
 */
export const question = <
  const Name extends string,
  Input extends Schema,
  Answer extends Schema,
  Given extends AnswerOf<Answer>,
  Reasons extends Schema = never,
>(
  definition: Omit<Question<Name, Input, Answer, Reasons>, 'run'> & {
    readonly run: (
      context: Context,
      input: InferOutput<Input>,
      options: AskOptions,
    ) => Outcome<Exactly<Given, AnswerOf<Answer>>, AnswerOf<Reasons>>
  },
): Question<Name, Input, Answer, Reasons> => definition

/** The fault of a request for a question that there is not. */
export const unknownVerb = (name: unknown, known: readonly string[]): BadRequest => {
  const what = name === undefined ? 'no verb' : `unknown verb ${JSON.stringify(name)}`
  return new BadRequest(`${what}; known: ${known.join(', ')}`)
}

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
