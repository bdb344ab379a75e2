import * as v from 'valibot'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { openFleetWithHosts, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { question } from '../question.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { PoolsAnswer } from './answer.ts'
import { answerPools } from './compute.ts'
import { planInput, planOptions } from './plan-options.ts'

export const poolsQuestion = question({
  name: 'pools',
  summary: 'Find the best pools for a fleet',
  input: v.strictObject({ ...planInput.entries, ...formatInputs }),
  answer: withSections(PoolsAnswer),
  report: async () => reportSections((await import('./report.ts')).addPools),
  run(context, { documents, fleet, noSkip, format, qemu, ...constraints }) {
    const opened = openFleetWithHosts(context, { documents, fleet, noSkip })
    const write = { format, qemu }
    const ask = (view: FleetView) => answerPools(view, planOptions(view, constraints), write)
    return { answer: answerEach(viewsOf(opened), ask), notes: [...opened.notes, ...writtenFor(write)] }
  },
})
