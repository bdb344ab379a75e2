import { type CostAnswer, countOf, type ToldCost } from '../../verbs/fleet/cost.ts'
import { figure } from '../../verbs/fleet/figure.ts'
import { sayDearest } from '../../verbs/fleet/say-cost.ts'
import { poolName } from '../../verbs/fleet/say-pool.ts'
import { count } from '../../verbs/say.ts'
import type { Report } from '../report.ts'
import type { Cell } from '../toned.ts'
import { hostWords } from './words.ts'

/** Adds what hosts cost their pools, the single most expensive one on the first line. */
export function addCosts(report: Report, { dearest, pools }: CostAnswer): void {
  const { host, costs } = sayDearest(dearest)
  report.line({ text: host, tone: 'bad' }, costs)
  for (const { pool, hosts, costs: rows } of pools) {
    report.heading(`${poolName(pool)}: ${count(hosts, 'host')}`)
    report.table(
      [
        { title: 'without' },
        { title: 'value', align: 'right' },
        { title: 'features', align: 'right' },
        { title: 'level' },
        { title: 'which the others would gain', wraps: true },
      ],
      rows.filter(cost => countOf(cost) > 0).map(rowOf),
    )
    const free = rows.filter(cost => countOf(cost) === 0).flatMap(cost => cost.hosts)
    if (free.length > 0) report.line(`costs nothing: ${hostWords(free)}`)
  }
}

function rowOf(cost: ToldCost): Cell[] {
  const { hosts, gain, gains, step } = cost
  const classes = gains.map(
    ({ class: of, features }) => `${of}: ${features.map(({ feature }) => feature).join(' ')}`,
  )
  return [
    hostWords(hosts),
    figure(gain),
    String(countOf(cost)),
    step ? `${step.from ?? 'none'} → ${step.to ?? 'none'}` : '',
    classes.join('; '),
  ]
}
