import { count } from '../../core/text.ts'
import type { FeatureAnswer, PoolExplanation } from '../../questions/explain/answer.ts'
import { explain } from '../../questions/explain/compute.ts'
import { cost } from '../../questions/explain/cost.ts'
import { addCosts } from '../../questions/explain/cost-report.ts'
import { addBecause } from '../../questions/explain/loss-report.ts'
import { explainFeature } from '../../questions/explain/one-feature.ts'
import { addPool } from '../../questions/explain/report.ts'
import { featureNamed } from '../../questions/input/fleet/named.ts'
import { hostWords } from '../../questions/words/cells.ts'
import { poolName } from '../../questions/words/describe-pool.ts'
import type { Report } from '../../report/report.ts'
import type { Command } from '../command.ts'
import { givenHosts, labelsOf, POOL } from '../fleet-hosts.ts'
import { FLEET, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import { CommandError, UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'explain',
    description:
      'Explain what the guests of a fleet’s pools get: each feature that is kept or lost, on which hosts, why and what ' +
      'remedies it; the model and the shortest way to write it; the x86-64 level and what is missing to the next; widths, ' +
      'clocks and sizes; odd ones out. With --cost: what each host costs its pool.',
    options: [
      FLEET,
      { name: 'cost', help: 'what each host, and each set of equal hosts, costs its pool' },
      { name: 'feature', value: 'name', help: 'one feature alone, by any tool’s name' },
      POOL,
      ...FORMS,
    ],
    example: 'virt-cpu explain examples/fleet --cost',
    style: 'own',
  },

  async run(args, session) {
    if (args.has('cost') && args.has('feature')) throw new UsageError('give either --cost or --feature')
    const { view, notes } = await givenHosts(args, session)
    const labels = labelsOf(args, view)
    const name = args.get('feature')
    if (name !== undefined) {
      const feature = featureNamed(view.context, name, what => new CommandError([what]))
      const answer = explainFeature(view, feature, labels)
      await printAnswer(session, args, answer, report => addFeature(report, answer), notes)
    } else if (args.has('cost')) {
      const answer = cost(view, labels)
      await printAnswer(session, args, answer, report => addCosts(report, answer), notes)
    } else {
      const answer = { pools: explain(view, labels) }
      await printAnswer(session, args, answer, report => addAll(report, answer.pools), notes)
    }
    return 0
  },
}

function addAll(report: Report, pools: readonly PoolExplanation[]): void {
  for (const pool of pools) addPool(report, pool)
}

function addFeature(report: Report, { feature, place, title, pools }: FeatureAnswer): void {
  report.line({ text: feature, tone: 'strong' }, `  ${place}  ${title}`)
  for (const { pool, fate, having, lacking, because } of pools) {
    const hosts = having.length + lacking.length
    const tone = fate === 'kept' ? 'good' : fate === 'lost' ? 'bad' : 'quiet'
    report.heading(poolName(pool))
    const who = fate === 'absent' ? 'no host has it' : `on ${having.length} of ${count(hosts, 'host')}`
    report.line(
      { text: fate, tone },
      `  ${who}${lacking.length > 0 && fate !== 'absent' ? `, not on ${hostWords(lacking)}` : ''}`,
    )
    addBecause(report, because, hosts)
  }
}
