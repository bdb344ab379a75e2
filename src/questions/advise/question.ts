import * as v from 'valibot'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { openFleetWithHosts, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { planInput, planOptions } from '../pools/question.ts'
import { question } from '../question.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { Advice } from './answer.ts'
import { answerAdvise } from './compute.ts'

export const adviseQuestion = question({
  name: 'advise',
  summary: 'Recommend a strategy for a fleet: passthrough, generic, groups or common',
  input: v.strictObject({ ...planInput.entries, ...formatInputs }),
  answer: withSections(Advice),
  report: async () => reportSections((await import('./report.ts')).addAdvice),
  run(context, { documents, fleet, noSkip, format, qemu, ...constraints }) {
    const opened = openFleetWithHosts(context, { documents, fleet, noSkip })
    const write = { format, qemu }
    const ask = (view: FleetView) => answerAdvise(view, planOptions(view, constraints), write)
    return { answer: answerEach(viewsOf(opened), ask), notes: [...opened.notes, ...writtenFor(write)] }
  },
})
