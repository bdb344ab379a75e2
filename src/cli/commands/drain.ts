import { drainQuestion } from '../../questions/drain/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: drainQuestion,
  description:
    'Plan a rolling upgrade: in which order to empty hosts and where each guest goes, which guests have nowhere to go if ' +
    'their host dies, and which run with another CPU than their pool offers. Status 1 where a guest must be powered off.',
  example: 'virt-cpu drain examples/fleet --apply tsx-off',
  fields: { hosts: { name: 'host', value: 'host' }, apply: { value: 'effect' } },
  status: ({ steps }) => (steps.some(({ stuck }) => stuck.length > 0) ? 1 : 0),
})
