import type { CostAnswer, ExplainAnswer, FeatureAnswer } from '../../questions/explain/answer.ts'
import { explainQuestion } from '../../questions/explain/question.ts'
import { hostsQuestion } from '../../questions/hosts/question.ts'
import { hostsCsv, wideTable } from '../../questions/hosts/report.ts'
import { migrateQuestion } from '../../questions/migrate/question.ts'
import { migrateGraph } from '../../questions/migrate/report.ts'
import { printDot } from '../../report/graphviz.ts'
import { countsAsNo, ownCommand } from '../own.ts'
import { WRITE_FIELDS } from '../question-options.ts'
import { UsageError } from '../spec.ts'
import { WRITE_FLEET, writeFleet } from '../write-fleet.ts'

export const migrateCommand = ownCommand({
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

export const explainCommand = ownCommand({
  question: explainQuestion,
  description:
    'Explain what the guests of a fleet’s pools get: each feature that is kept or lost, on which hosts, why and what ' +
    'remedies it; the model and the shortest way to write it; the x86-64 level and what is missing to the next; widths, ' +
    'clocks and sizes; hosts that differ from their kind. With --cost: what each host costs its pool.',
  example: 'virt-cpu explain examples/fleet --cost',
  guestsAlone: true,
  fields: { feature: { value: 'name' }, pool: { value: 'label' }, ...WRITE_FIELDS },
  options: [WRITE_FLEET],
  check(args) {
    if (args.has('write') && (args.has('cost') || args.has('feature')))
      throw new UsageError('--write takes all that is explained of pools: not with --cost or --feature')
  },
  write(args, answers, given) {
    const pools = answers.flatMap(answer => (isExplanation(answer) ? answer.pools : []))
    return writeFleet(
      args,
      pools.map(({ pool, groups, expression }) => ({
        name: pool,
        hosts: groups.flatMap(({ hosts }) => hosts),
        cpu: expression?.xml,
      })),
      given,
    )
  },
})

const isExplanation = (answer: ExplainAnswer | FeatureAnswer | CostAnswer): answer is ExplainAnswer =>
  !('feature' in answer) && !('mostExpensive' in answer)

export const hostsCommand = ownCommand({
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
