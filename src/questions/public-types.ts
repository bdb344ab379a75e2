import type { DocumentOf, InputOf } from './document.ts'
import type { QUESTIONS, QuestionName } from './table.ts'

/** The input of a question, by its name: `QuestionInput<'pools'>`. */
export type QuestionInput<Name extends QuestionName> = InputOf<(typeof QUESTIONS)[Name]>

/** The answer of a question, by its name, with its notes: `AnswerDocument<'pools'>`. */
export type AnswerDocument<Name extends QuestionName> = DocumentOf<(typeof QUESTIONS)[Name]>
