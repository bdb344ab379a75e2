import { type CostAnswer, countOf, type ToldCost } from '../../verbs/fleet/cost.ts'
import { count } from '../../verbs/say.ts'
import type { Report } from '../report.ts'
import type { Cell } from '../toned.ts'
import { figure, hostWords, poolWords } from './words.ts'

/** Adds what hosts cost their pools, the single most expensive one on the first line. */
export function addCosts(report: Report, { dearest, pools }: CostAnswer): void {
  if (dearest) {
    const { host, pool, gain } = dearest
    const step = dearest.step ? `, and the step to ${dearest.step.to ?? 'no level'}` : ''
    const features = count(countOf(dearest), 'feature')
    report.line(
      { text: host, tone: 'bad' },
      ` costs ${poolWords(pool)} most: ${features}${step}; value ${figure(gain)}`,
    )
  } else
    report.line(
      'no single host costs its pool anything: of each that lacks something there are others like it',
    )
  for (const { pool, hosts, costs } of pools) {
    report.heading(`${poolWords(pool)}: ${count(hosts, 'host')}`)
    report.table(
      [
        { title: 'without' },
        { title: 'value', align: 'right' },
        { title: 'features', align: 'right' },
        { title: 'level' },
        { title: 'which the others would gain', wraps: true },
      ],
      costs.filter(cost => countOf(cost) > 0).map(rowOf),
    )
    const free = costs.filter(cost => countOf(cost) === 0).flatMap(cost => cost.hosts)
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
