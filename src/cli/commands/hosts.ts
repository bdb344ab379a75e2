import { hostsQuestion } from '../../questions/hosts/question.ts'
import { hostsCsv, wideTable } from '../../questions/hosts/report.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: hostsQuestion,
  description:
    'List the hosts of a fleet, one a line: CPU, x86-64 level, vendor, microcode, number of features, pool, and the ' +
    'documents it was read from with what they speak of: the hardware, what its kernel uses, or what its hypervisor offers.',
  example: 'virt-cpu hosts examples/fleet -o csv',
  guestsAlone: true,
  forms: {
    wide: wideTable,
    csv: hostsCsv,
    name: ({ hosts }) => hosts.map(({ host }) => `${host}\n`).join(''),
  },
})
