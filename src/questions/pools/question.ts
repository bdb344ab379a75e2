import { openFleetWithHosts } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { PoolsAnswer } from './answer.ts'
import { answerPools } from './compute.ts'
import { planInput, planOptions } from './plan-options.ts'

export const poolsQuestion = question({
  name: 'pools',
  summary: 'Find the best pools for a fleet',
  input: planInput,
  answer: PoolsAnswer,
  report: async () => (await import('./report.ts')).addPools,
  run(context, { documents, fleet, noSkip, ...constraints }) {
    const { view, notes } = openFleetWithHosts(context, { documents, fleet, noSkip })
    return { answer: answerPools(view, planOptions(view, constraints)), notes }
  },
})
