import { levelQuestion } from '../../questions/level/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: levelQuestion,
  description:
    'Say what every host, guest and pool reaches: the level of x86-64 (of POWER a mode, of s390x a generation, of RISC-V ' +
    'a profile), what is missing to the next, the greatest -march and the one flag short of a greater. Of a pool of ' +
    'several vendors, what guests can have and what stays unsafe.',
  example: 'virt-cpu level examples/fleet examples/guests',
  guestsAlone: true,
})
