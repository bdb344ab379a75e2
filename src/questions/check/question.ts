import * as v from 'valibot'
import { BadRequest } from '../context.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import { timeText } from '../input/fleet/rules.ts'
import { question } from '../question.ts'
import { described } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { CheckAnswer } from './answer.ts'
import { checkAnswer } from './compute.ts'

export const checkQuestion = question({
  name: 'check',
  summary: 'Check a fleet against the requirements of its file',
  input: v.strictObject({
    ...fleetInput,
    now: v.optional(
      described(
        timeText,
        'The time by which `reported-within` is judged; absent: now, on the command line and of an inventory.',
      ),
    ),
  }),
  answer: withSections(CheckAnswer),
  report: async () => reportSections((await import('./report.ts')).reportCheck),
  run(context, { now, ...fleet }) {
    const opened = openFleet(context, fleet)
    const answer = answerEach(viewsOf(opened), view => {
      if (view.fleet.requirements.length > 0 || view.fleet.kept)
        return checkAnswer(view, now === undefined ? undefined : Date.parse(now))
      throw new BadRequest('check: nothing to check: fleet has no requirements and no kept CPU')
    })
    return { answer, notes: opened.notes }
  },
})
