import { fitsQuestion, levelQuestion } from '../../questions/level/question.ts'
import { countsAsNo, ownCommand } from '../own.ts'

export const fitsCommand = ownCommand({
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

export const levelCommand = ownCommand({
  question: levelQuestion,
  description:
    'Say what every host, guest and pool reaches: the level of x86-64 (of POWER a mode, of s390x a generation, of RISC-V ' +
    'a profile), what is missing to the next, the greatest -march and the one flag short of a greater. Of a pool of ' +
    'several vendors, what guests can have and what stays unsafe.',
  example: 'virt-cpu level examples/fleet examples/guests',
  guestsAlone: true,
})
