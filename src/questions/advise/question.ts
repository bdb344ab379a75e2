import { openFleetWithHosts } from '../input/fleet/open-fleet.ts'
import { planInput, planOptions } from '../pools/plan-options.ts'
import { question } from '../question.ts'
import { Advice } from './answer.ts'
import { answerAdvise } from './compute.ts'

export const adviseQuestion = question({
  name: 'advise',
  summary: 'Recommend a strategy for a fleet: passthrough, generic, groups or common',
  input: planInput,
  answer: Advice,
  report: async () => (await import('./report.ts')).addAdvice,
  run(context, { documents, fleet, noSkip, ...constraints }) {
    const { view, notes } = openFleetWithHosts(context, { documents, fleet, noSkip })
    return { answer: answerAdvise(view, planOptions(view, constraints)), notes }
  },
})
