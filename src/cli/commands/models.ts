import { inputOfHosts } from '../../questions/input/recorded-hypervisor.ts'
import { isUnopposed } from '../../questions/models/compute.ts'
import { modelsQuestion } from '../../questions/models/question.ts'
import { hypervisorRequest, NO_CACHE, openHosts } from '../hypervisor.ts'
import { countsAsNo, FLEET, ownCommand } from '../own.ts'

export const command = ownCommand({
  question: modelsQuestion,
  description:
    'List the named models that guests can be given on every host, best first, with level, vendor and the versions of ' +
    'QEMU and libvirt that they need, and what blocks the others on which host. Of a fleet, whatever describes it, the ' +
    'verdict is yes, assumed, unknown or no; --usable-on takes the word of recorded hypervisors alone; without either, of this host.',
  example: 'virt-cpu models examples/fleet',
  guestsAlone: true,
  fleets: { documents: { ...FLEET, required: false } },
  fields: { virttype: { words: ['kvm', 'qemu'] } },
  inputs: {
    placeholders: { hosts: [''] },
    arguments: [
      {
        name: 'usable-on',
        value: 'file',
        repeats: true,
        help: 'recorded hosts: conversations with QEMU, domain capabilities, directories of them',
      },
    ],
    async open(args, context) {
      const [recorded, more] = [args.all('usable-on'), args.all('fleet')]
      if (recorded.length === 0 && more.length > 0) return { input: { hosts: undefined }, notes: [] }
      const { hosts, notes } = await openHosts(context, [...recorded, ...more], hypervisorRequest(args))
      return { input: { hosts: inputOfHosts(hosts) }, notes }
    },
  },
  options: [NO_CACHE],
  status(answer, args) {
    if ('guestsAlone' in answer) return 0
    const none =
      'models' in answer
        ? answer.models.length > 0 && answer.models.every(({ verdict }) => countsAsNo(verdict, args))
        : answer.usable.length === 0 &&
          !answer.blocked.some(model => isUnopposed(model) && !countsAsNo('unknown', args))
    return none ? 1 : 0
  },
})
