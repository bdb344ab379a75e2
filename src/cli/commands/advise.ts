import { adviseQuestion } from '../../questions/advise/question.ts'
import { ownCommand } from '../own.ts'
import { PLAN_FIELDS } from '../question-options.ts'

export const command = ownCommand({
  question: adviseQuestion,
  description:
    'Recommend a strategy for a fleet: passthrough (all of each host’s CPU), generic (one of QEMU’s models or an x86-64 ' +
    'level for all), groups (a handful of pools, one baseline each), common (one baseline). Each with what it gives and ' +
    'loses on this fleet.',
  example: 'virt-cpu advise examples/fleet',
  fields: PLAN_FIELDS,
})
