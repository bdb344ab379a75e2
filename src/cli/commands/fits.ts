import { fitsQuestion } from '../../questions/level/question.ts'
import { countsAsNo, ownCommand } from '../own.ts'

export const command = ownCommand({
  question: fitsQuestion,
  description:
    'Find which guests, hosts and pools cannot run an operating system or a program, what is missing, and the cheapest ' +
    'fix; and what a guest has that the system must not have. Status 1: some cannot.',
  example: 'virt-cpu fits --os rhel10 examples/fleet examples/guests',
  guestsAlone: true,
  fields: { os: { value: 'system', read: texts => texts.flatMap(text => text.split(',')) } },
  status: ({ systems }, args) =>
    args.has('os') && systems.some(({ lines }) => lines.some(({ verdict }) => countsAsNo(verdict, args)))
      ? 1
      : 0,
})
