import { drainAnswer } from '../../questions/drain/compute.ts'
import { reportDrain } from '../../questions/drain/report.ts'
import { hostsNamed } from '../../questions/input/fleet/host-named.ts'
import { effectNamed } from '../../questions/what-if/compute.ts'
import type { Command } from '../command.ts'
import { FLEET, givenFleet, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import { UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'drain',
    description:
      'Tell in which order to empty hosts for a rolling upgrade and where each guest goes, which guests have nowhere ' +
      'to go if their host dies, and which run with another CPU than their pool offers. Status 1 where a guest must ' +
      'be powered off.',
    options: [
      FLEET,
      {
        name: 'host',
        value: 'host',
        repeats: true,
        help: 'only this host is to be emptied; * stands for any characters',
      },
      {
        name: 'apply',
        value: 'effect',
        repeats: true,
        help: 'what the upgrade does to each host, as in what-if',
      },
      { name: 'room', value: 'guests', help: 'how many guests a host takes; any number if not given' },
      ...FORMS,
    ],
    example: 'virt-cpu drain examples/fleet --apply tsx-off',
    style: 'own',
  },

  async run(args, session) {
    const room = args.get('room')
    if (room !== undefined && !/^\d{1,9}$/.test(room))
      throw new UsageError(`--room takes a whole number, not '${room}'`)
    const { context, view, notes } = await givenFleet(session, args.all('fleet'))
    const only = args.all('host').flatMap(pattern => hostsNamed(view.fleet.hosts, pattern))
    const answer = drainAnswer(view, {
      only: only.length > 0 ? new Set(only) : undefined,
      effects: args.all('apply').map(name => effectNamed(context, name)),
      room: room === undefined ? undefined : Number(room),
    })
    await printAnswer(session, args, answer, report => reportDrain(report, answer), notes)
    return answer.steps.some(({ stuck }) => stuck.length > 0) ? 1 : 0
  },
}
