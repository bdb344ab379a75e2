import * as v from 'valibot'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { openFleetWithHosts } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { PoolsAnswer } from './answer.ts'
import { answerPools } from './compute.ts'
import { planInput, planOptions } from './plan-options.ts'

export const poolsQuestion = question({
  name: 'pools',
  summary: 'Find the best pools for a fleet',
  input: v.strictObject({ ...planInput.entries, ...formatInputs }),
  answer: PoolsAnswer,
  report: async () => (await import('./report.ts')).addPools,
  run(context, { documents, fleet, noSkip, format, qemu, ...constraints }) {
    const { view, notes } = openFleetWithHosts(context, { documents, fleet, noSkip })
    const write = { format, qemu }
    return {
      answer: answerPools(view, planOptions(view, constraints), write),
      notes: [...notes, ...writtenFor(write)],
    }
  },
})
