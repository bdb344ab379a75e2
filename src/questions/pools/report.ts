import { count, fewNames } from '../../core/text.ts'
import type { Cell, Report } from '../../report/report.ts'
import { addWritten, describeUnsafe, figure, levelCell, percent } from '../words/cells.ts'
import type { CurvePoint, PoolAnswer, PoolsAnswer } from './answer.ts'

/** Adds the trade curve, the pools of its last point, and how the pools that are compare. */
export function addPools(report: Report, answer: PoolsAnswer): void {
  const { curve, enough, pools, leftOut } = answer
  report.heading(`pools: the best for each number of them, 1 to ${curve.length}`)
  report.table(
    [
      { title: 'k', align: 'right' },
      { title: 'value', align: 'right' },
      { title: 'gain', align: 'right' },
      { title: 'smallest', align: 'right' },
      { title: 'proof' },
      { title: 'hosts at level', wraps: true },
    ],
    curve.map(point => curveRow(point, enough)),
  )
  for (const line of [describeEnough(answer), describeCurrentPools(answer)])
    if (line !== undefined) report.line(line)
  if (pools.length > 0) {
    report.heading(`the ${count(pools.length, 'pool')} for k = ${curve.at(-1)?.count ?? 0}`)
    addMembers(report, pools)
  }
  for (const { hosts, lacks, unknown } of leftOut) {
    const names = (of: typeof lacks) =>
      fewNames(
        of.map(({ feature }) => feature),
        12,
      )
    const why = [
      ...(lacks.length > 0 ? [`lack ${names(lacks)}`] : []),
      ...(unknown.length > 0 ? [`not known to have ${names(unknown)}`] : []),
    ]
    report.line({ text: 'left out  ', tone: 'bad' }, `${fewNames(hosts, 12)}: ${why.join('; ')}`)
  }
  for (const { count: of, impossible } of curve) {
    if (impossible !== undefined) report.line({ text: `k = ${of}  `, tone: 'bad' }, impossible)
  }
}

function curveRow(point: CurvePoint, enough: number | null): Cell[] {
  const { count: of, value, gain, smallest, exact, gap, levels, impossible } = point
  const k: Cell = of === enough ? { text: `* ${of}`, tone: 'good' } : String(of)
  if (impossible !== undefined) return [k, '-', '', '', 'impossible', '']
  return [
    k,
    figure(value),
    gain === null ? '' : percent(gain),
    String(smallest),
    exact ? 'exact' : `gap ${percent(gap)}`,
    Object.entries(levels)
      .map(([level, hosts]) => `${level}: ${hosts}`)
      .join(', '),
  ]
}

function addMembers(report: Report, pools: readonly PoolAnswer[]): void {
  report.table(
    [
      { title: 'pool' },
      { title: 'hosts', align: 'right' },
      { title: 'CPUs', align: 'right' },
      { title: 'value', align: 'right' },
      { title: 'features', align: 'right' },
      { title: 'level' },
      { title: 'model' },
    ],
    pools.map(pool => [
      pool.name,
      String(pool.hosts.length),
      String(pool.cpus),
      figure(pool.value),
      String(pool.features),
      levelCell(pool.level),
      pool.model ?? 'none',
    ]),
  )
  for (const pool of pools) {
    report.line(`${pool.name}: ${pool.hosts.join(' ')}`)
    addWritten(report, pool.expression ?? {})
  }
  for (const { name, unsafeFeatures } of pools) {
    for (const text of describeUnsafe(unsafeFeatures, 'hazard'))
      report.line({ text: 'not safe  ', tone: 'warning' }, `${name}: ${text}`)
  }
  for (const { name, vendors } of pools) {
    if (vendors.length > 1) {
      report.line(
        { text: 'not safe  ', tone: 'warning' },
        `${name} has hosts of ${vendors.join(' and ')}: a guest that moves between vendors keeps the other’s timers, ` +
          'errata and mitigations until it is restarted; vmx and svm guests do not move at all',
      )
    }
  }
}

/** From which count on more pools are not worth their trouble; undefined: none is possible. */
export const describeEnough = ({ enough }: PoolsAnswer): string | undefined =>
  enough === null ? undefined : `a further pool gains less than 5 % after k = ${enough}`

/** How the pools that are compare with the best; undefined: no host is in any. */
export function describeCurrentPools({ now, curve }: PoolsAnswer): string | undefined {
  if (!now) return undefined
  const last = curve.at(-1)
  const share = last && last.value > 0 ? `, ${percent(now.value / last.value)} of k = ${last.count}` : ''
  return `as they are: ${count(now.pools.length, 'pool')}, value ${figure(now.value)}${share}`
}
