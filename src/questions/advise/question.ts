import { openFleetWithHosts, viewsOf } from '../input/fleet/open-fleet.ts'
import { planInput, planOptions } from '../pools/plan-options.ts'
import { question } from '../question.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { Advice } from './answer.ts'
import { answerAdvise } from './compute.ts'

export const adviseQuestion = question({
  name: 'advise',
  summary: 'Recommend a strategy for a fleet: passthrough, generic, groups or common',
  input: planInput,
  answer: withSections(Advice),
  report: async () => reportSections((await import('./report.ts')).addAdvice),
  run(context, { documents, fleet, noSkip, ...constraints }) {
    const opened = openFleetWithHosts(context, { documents, fleet, noSkip })
    const answer = answerEach(viewsOf(opened), view => answerAdvise(view, planOptions(view, constraints)))
    return { answer, notes: opened.notes }
  },
})
