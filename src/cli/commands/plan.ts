import { adviseQuestion } from '../../questions/advise/question.ts'
import { poolsQuestion } from '../../questions/pools/question.ts'
import { ownCommand } from '../own.ts'
import { PLAN_FIELDS, WRITE_FIELDS } from '../question-options.ts'
import { SAVE_CPU, saveCpus, WRITE_FLEET, writeFleet } from '../write-fleet.ts'

export const poolsCommand = ownCommand({
  question: poolsQuestion,
  description:
    'Find the best pools for a fleet: for each number of pools up to k the best partition, what one more pool gains, and ' +
    'whether that is proved; then the members for k. Value is the sum of hosts’ weights times the worth of what their ' +
    'pool’s guests get (docs/fleet-theory.md). Exit status 1: no partition keeps the constraints.',
  example: 'virt-cpu pools examples/fleet examples/fleet-amd --pools 4',
  fields: { ...PLAN_FIELDS, ...WRITE_FIELDS },
  options: [WRITE_FLEET, SAVE_CPU],
  async write(args, answers, given, session) {
    const pools = answers.flatMap(answer => answer.pools)
    await writeFleet(
      args,
      pools.map(({ name, hosts, expression }) => ({ name, hosts, cpu: expression?.xml })),
      given,
    )
    await saveCpus(args, given, session)
  },
  status: ({ pools }) => (pools.length > 0 ? 0 : 1),
})

export const adviseCommand = ownCommand({
  question: adviseQuestion,
  description:
    'Recommend a strategy for a fleet: passthrough (all of each host’s CPU), generic (one of QEMU’s models or an x86-64 ' +
    'level for all), groups (a handful of pools, one baseline each), common (one baseline). Each with what it gives and ' +
    'loses on this fleet.',
  example: 'virt-cpu advise examples/fleet',
  fields: { ...PLAN_FIELDS, ...WRITE_FIELDS },
  options: [WRITE_FLEET],
  write: (args, answers, given) =>
    writeFleet(
      args,
      answers.flatMap(({ take, strategies }) => {
        const { definitions = [] } = strategies.find(({ strategy }) => strategy === take) ?? {}
        return definitions.map(({ name, hosts, expression }) => ({ name, hosts, cpu: expression?.xml }))
      }),
      given,
    ),
})
