import type { InferOutput } from 'valibot'
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
  /** Computes the answer. `input` was checked. @throws LibvirtError, ParseError, BadRequest */
  readonly run: (
    context: Context,
    input: InferOutput<Input>,
    options: AskOptions,
  ) => Outcome<AnswerOf<Answer>, AnswerOf<Reasons>>
}

/** Any question, for code that only passes checked input on. */
export interface AnyQuestion extends Omit<Question, 'run'> {
  readonly run: (context: Context, input: never, options: AskOptions) => Outcome
}

/** Defines a question: the types of `run` follow from its schemas, so an answer that its schema lacks does not compile. */
export const question = <
  const Name extends string,
  Input extends Schema,
  Answer extends Schema,
  Reasons extends Schema = never,
>(
  definition: Question<Name, Input, Answer, Reasons>,
): Question<Name, Input, Answer, Reasons> => definition
