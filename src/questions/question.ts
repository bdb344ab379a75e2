import type { BaseIssue, BaseSchema, InferOutput } from 'valibot'
import type { Context } from './context.ts'
import type { Note } from './words/note.ts'

/** What a verb comes to: the answer's keys in order, what to know about it, and why it is so. */
export interface Outcome {
  readonly answer: Readonly<Record<string, unknown>>
  readonly notes?: readonly Note[]
  /** Only where it was asked for. */
  readonly explain?: Readonly<Record<string, unknown>> | undefined
}

/** What of a request is not the verb's own input. */
export interface AskOptions {
  readonly explain: boolean
}

type Schema = BaseSchema<unknown, unknown, BaseIssue<unknown>>

/** A question that can be asked in JSON. */
export interface Verb {
  /** What it answers, in one line. */
  readonly doc: string
  /** What it must be given. */
  readonly input: Schema
  /** @param input has been checked by `input` @throws LibvirtError, ParseError */
  readonly run: (context: Context, input: unknown, options: AskOptions) => Outcome
}

/** A verb whose `run` takes what its schema lets through. */
export function verb<S extends Schema>(parts: {
  readonly doc: string
  readonly input: S
  readonly run: (context: Context, input: InferOutput<S>, options: AskOptions) => Outcome
}): Verb {
  return { ...parts, run: (context, input, options) => parts.run(context, input as InferOutput<S>, options) }
}
