import { MODEL_ARCHES } from '../../questions/context.ts'
import { treeQuestion } from '../../questions/tree/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: treeQuestion,
  description:
    'Show how the CPU models descend from each other; with a model or family, its history: ' +
    'what each version adds and removes, when and why.',
  example: 'virt-cpu tree EPYC',
  fields: { model: { positional: 'one' }, arch: { words: MODEL_ARCHES } },
  status: ({ kind }) => (kind === 'unknown' ? 1 : 0),
})
