import { inputOfHosts } from '../../questions/input/recorded-hypervisor.ts'
import { fitsQuestion, levelQuestion } from '../../questions/level/question.ts'
import { isUnopposed } from '../../questions/models/compute.ts'
import { modelsQuestion } from '../../questions/models/question.ts'
import { hypervisorRequest, NO_CACHE, openHosts } from '../hypervisor.ts'
import { countsAsNo, FLEET, ownCommand } from '../own.ts'

export const modelsCommand = ownCommand({
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
