import * as v from 'valibot'
import { requireModels } from '../context.ts'
import { question } from '../question.ts'
import { text } from '../schema.ts'
import { TreeAnswer } from './answer.ts'
import { answerTree } from './compute.ts'

export const treeQuestion = question({
  name: 'tree',
  summary: 'Show how CPU models descend from each other, or the history of one family',
  input: v.strictObject({
    model: v.optional(text('A model or family; absent: all families.')),
    arch: v.optional(text('Whose models; x86 if absent.')),
  }),
  answer: TreeAnswer,
  report: async () => (await import('./report.ts')).reportTree,
  run(context, { model, arch }) {
    return { answer: answerTree(requireModels(context, arch).context, model) }
  },
})
