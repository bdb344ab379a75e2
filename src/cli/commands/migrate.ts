import { migrateAnswer, moveAnswer } from '../../questions/migrate/compute.ts'
import { migrateGraph } from '../../questions/migrate/graph.ts'
import { reportMigrate, reportMove } from '../../questions/migrate/report.ts'
import { printDot } from '../../report/graphviz.ts'
import type { Command } from '../command.ts'
import { FLEET, givenFleet, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import { UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'migrate',
    description:
      'Tell where guests can be started and moved, pool by pool: between hosts with all of their CPU, and each guest ' +
      'with the CPU it runs with. With --to: whether one guest, or one with all of the host --from, can move there, ' +
      'and what stands in the way; status 1 where it cannot.',
    options: [
      FLEET,
      { name: 'from', value: 'host', help: "a guest with all of this host's CPU" },
      { name: 'guest', value: 'name', help: 'the guest of this name' },
      { name: 'to', value: 'host', help: 'where it is to go' },
      { name: 'across', help: 'as if all pools were one' },
      { name: 'dot', help: 'the graph of one-way and two-way moves, for Graphviz' },
      ...FORMS,
    ],
    example: 'virt-cpu migrate examples/fleet --from ice-01 --to sky-03',
    style: 'own',
  },

  async run(args, session) {
    const [from, guest, to] = [args.get('from'), args.get('guest'), args.get('to')]
    if (
      to === undefined
        ? from !== undefined || guest !== undefined
        : (from === undefined) === (guest === undefined)
    )
      throw new UsageError('--to goes with either --from or --guest, and these with --to')
    const { view, notes } = await givenFleet(session, args.all('fleet'))
    if (to !== undefined) {
      const answer = moveAnswer(view, { from, guest, to })
      await printAnswer(session, args, answer, report => reportMove(report, answer), notes)
      return answer.moves ? 0 : 1
    }
    const answer = migrateAnswer(view, args.has('across'))
    if (args.has('dot')) session.out(printDot(migrateGraph(answer)))
    else await printAnswer(session, args, answer, report => reportMigrate(report, answer), notes)
    return 0
  },
}
