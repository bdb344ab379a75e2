import * as library from '../../src/index.ts'

/** The answer of a question that has several kinds of answers: the kind that has this key. */
function having<Answer extends object, Key extends PropertyKey>(
  answer: Answer,
  key: Key,
): Extract<Answer, { readonly [K in Key]: unknown }> {
  if (key in answer) return answer as Extract<Answer, { readonly [K in Key]: unknown }>
  throw new Error(`no ${String(key)} in the answer: ${Object.keys(answer).join(', ')}`)
}

export const whatIf = (...given: Parameters<typeof library.whatIf>) =>
  having(library.whatIf(...given), 'pools')
export const migrate = (...given: Parameters<typeof library.migrate>) =>
  having(library.migrate(...given), 'arrows')
/** `migrate` with `to`: whether one guest moves to one host. */
export const move = (...given: Parameters<typeof library.migrate>) =>
  having(library.migrate(...given), 'canMove')
export const explainFeature = (...given: Parameters<typeof library.explain>) =>
  having(library.explain(...given), 'feature')
