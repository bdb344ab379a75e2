import { readRecordedHosts } from '../input/recorded-hypervisor.ts'
import { usableInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { UsableModels } from './answer.ts'
import { usableModels } from './compute.ts'

export const modelsQuestion = question({
  name: 'models',
  summary: 'List the models that guests can be given on every one of these hosts, best first',
  input: usableInput,
  answer: UsableModels,
  report: async () => (await import('./report.ts')).reportModels,
  run: (context, { hosts, ...use }) => ({
    answer: usableModels(context, readRecordedHosts(context, hosts, use)),
  }),
})
