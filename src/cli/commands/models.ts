import { inputOfHosts } from '../../questions/input/recorded-hypervisor.ts'
import { modelsQuestion } from '../../questions/models/question.ts'
import { hypervisorRequest, NO_CACHE, openHosts } from '../hypervisor.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: modelsQuestion,
  description:
    'List the named models that guests can be given on every host of a pool, best first, and what blocks the others ' +
    'on which host. Hosts are recorded ones, or this one.',
  example: 'virt-cpu models --usable-on examples/hypervisors',
  fields: { virttype: { words: ['kvm', 'qemu'] } },
  inputs: {
    placeholders: { hosts: [''] },
    arguments: [
      {
        name: 'usable-on',
        value: 'file',
        positional: 'many',
        help: 'recorded hosts: conversations with QEMU, domain capabilities, directories of them',
      },
    ],
    async open(args, context) {
      const { hosts, notes } = await openHosts(context, args.all('usable-on'), hypervisorRequest(args))
      return { input: { hosts: inputOfHosts(hosts) }, notes }
    },
  },
  options: [NO_CACHE],
  status: ({ usable }) => (usable.length > 0 ? 0 : 1),
})
