import { explainQuestion } from '../../questions/explain/question.ts'
import { ownCommand } from '../own.ts'
import { WRITE_FIELDS } from '../question-options.ts'

export const command = ownCommand({
  question: explainQuestion,
  description:
    'Explain what the guests of a fleet’s pools get: each feature that is kept or lost, on which hosts, why and what ' +
    'remedies it; the model and the shortest way to write it; the x86-64 level and what is missing to the next; widths, ' +
    'clocks and sizes; hosts that differ from their kind. With --cost: what each host costs its pool.',
  example: 'virt-cpu explain examples/fleet --cost',
  guestsAlone: true,
  fields: { feature: { value: 'name' }, pool: { value: 'label' }, ...WRITE_FIELDS },
})
