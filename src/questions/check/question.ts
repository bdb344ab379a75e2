import * as v from 'valibot'
import { BadRequest } from '../context.ts'
import { fleetInput, openFleet } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { CheckAnswer } from './answer.ts'
import { checkAnswer } from './compute.ts'

export const checkQuestion = question({
  name: 'check',
  summary: 'Check a fleet against the requirements of its file',
  input: v.strictObject(fleetInput),
  answer: CheckAnswer,
  report: async () => (await import('./report.ts')).reportCheck,
  run(context, fleet) {
    const { view, notes } = openFleet(context, fleet)
    if (view.fleet.requirements.length === 0)
      throw new BadRequest('check: nothing to check: fleet has no requirements')
    return { answer: checkAnswer(view), notes }
  },
})
