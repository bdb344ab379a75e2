import * as v from 'valibot'
import { BadRequest } from './context.ts'
import type { FleetView } from './input/fleet/view.ts'
import type { Reporter } from './question.ts'
import { described, type Schema } from './schema.ts'

/** The answers about a fleet of several architectures: one each, for their hosts are never compared. */
export interface Sections<Answer> {
  readonly fleets: readonly { readonly arch: string; readonly answer: Answer }[]
}

/** The answer about one fleet, or of several architectures. */
export const withSections = <A extends Schema>(answer: A) =>
  v.union([
    answer,
    v.strictObject({
      fleets: described(
        v.array(v.strictObject({ arch: v.string(), answer: v.lazy(() => answer) })),
        'Of hosts of several architectures: the answer for each, since they are never compared.',
      ),
    }),
  ])

const isSections = <Answer>(answer: Answer | Sections<Answer>): answer is Sections<Answer> =>
  typeof answer === 'object' && answer !== null && 'fleets' in answer

/** The answers that there are: one, or that of each architecture. */
export const listAnswers = <Answer>(answer: Answer | Sections<Answer>): readonly Answer[] =>
  isSections(answer) ? answer.fleets.map(one => one.answer) : [answer]

/**
 * Asks about the fleet of each architecture. A question that names what only some of them have is about those.
 * @throws what `ask` throws; BadRequest where it is about none
 */
export function answerEach<Answer>(
  views: readonly FleetView[],
  ask: (view: FleetView) => Answer,
): Answer | Sections<Answer> {
  const refused: BadRequest[] = []
  const fleets = views.flatMap(view => {
    try {
      return [{ arch: view.context.arch, answer: ask(view) }]
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error
      refused.push(error)
      return []
    }
  })
  const [only, ...more] = fleets
  if (!only) throw refused[0] ?? new RangeError('there is always a fleet')
  return more.length === 0 ? only.answer : { fleets }
}

/** Adds the answer, or those of each architecture under its name. */
export const reportSections =
  <Answer>(report: Reporter<Answer>): Reporter<Answer | Sections<Answer>> =>
  (to, answer) => {
    if (!isSections(answer)) return report(to, answer)
    for (const { arch, answer: one } of answer.fleets) {
      to.section(`hosts of ${arch}`)
      report(to, one)
    }
  }
