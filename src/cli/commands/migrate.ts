import { migrateQuestion } from '../../questions/migrate/question.ts'
import { migrateGraph } from '../../questions/migrate/report.ts'
import { printDot } from '../../report/graphviz.ts'
import { countsAsNo, ownCommand } from '../own.ts'

export const command = ownCommand({
  question: migrateQuestion,
  description:
    'Find where guests can start and move, pool by pool: between hosts with all of their CPU, and each guest with the ' +
    'CPU it runs with. With --to: whether one guest, or one with all of the host --from, can move there, and what ' +
    'prevents it; status 1 where it cannot.',
  example: 'virt-cpu migrate examples/fleet --from ice-01 --to sky-03',
  guestsAlone: true,
  fields: { from: { value: 'host' }, guest: { value: 'name' }, to: { value: 'host' } },
  options: [{ name: 'dot', help: 'the graph of one-way and two-way moves, for Graphviz' }],
  print(args, session, answer) {
    if (!args.has('dot') || !('arrows' in answer)) return false
    session.out(printDot(migrateGraph(answer)))
    return true
  },
  status: (answer, args) => ('verdict' in answer && countsAsNo(answer.verdict, args) ? 1 : 0),
})
