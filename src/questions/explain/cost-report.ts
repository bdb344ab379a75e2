import { count } from '../../core/text.ts'
import type { Cell, Report } from '../../report/report.ts'
import { figure, hostWords, poolName } from '../words/cells.ts'
import type { CostAnswer, HostCost } from './answer.ts'
import { countOf } from './cost.ts'

/** Adds what hosts cost their pools, the single most expensive one on the first line. */
export function addCosts(report: Report, { mostExpensive, pools }: CostAnswer): void {
  const { host, costs } = describeMostExpensive(mostExpensive)
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

function rowOf(cost: HostCost): Cell[] {
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

/** Who costs a pool most, and what: `kvm-a03`, ` costs pool intel most: 3 features; value 300`. */
export function describeMostExpensive(mostExpensive: CostAnswer['mostExpensive']): {
  readonly host: string
  readonly costs: string
} {
  if (!mostExpensive) {
    return {
      host: '',
      costs: 'no single host costs its pool anything: of each that lacks something there are others like it',
    }
  }
  const { host, pool, gain, step } = mostExpensive
  const reach = step ? `, and the step to ${step.to ?? 'no level'}` : ''
  const features = count(countOf(mostExpensive), 'feature')
  return { host, costs: ` costs ${poolName(pool)} most: ${features}${reach}; value ${figure(gain)}` }
}

/** The same as half a sentence: `kvm-a03 costs pool intel 3 features`; undefined: no single host costs anything. */
export const describeMostExpensiveShortly = (
  mostExpensive: CostAnswer['mostExpensive'],
): string | undefined =>
  mostExpensive
    ? `${mostExpensive.host} costs ${poolName(mostExpensive.pool)} ${count(countOf(mostExpensive), 'feature')}`
    : undefined
