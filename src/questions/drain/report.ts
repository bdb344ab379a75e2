import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { describeObstacles } from '../migrate/describe.ts'
import { hostNamesOf, poolName } from '../words/cells.ts'
import type { DrainAnswer, RestartAnswer, StepAnswer, UnmovableAnswer } from './answer.ts'

/** The order of a rolling upgrade, who is bound to one host, and who can be raised, for people. */
export function reportDrain(report: Report, { steps, unmovable, restarts }: DrainAnswer): void {
  for (const pool of new Set(steps.map(step => step.pool))) {
    reportSteps(
      report,
      pool,
      steps.filter(step => step.pool === pool),
    )
  }
  if (unmovable.length > 0) reportUnmovable(report, unmovable)
  if (restarts.length > 0) reportRestarts(report, restarts)
  else report.line({ text: 'every guest has the CPU that its pool offers', tone: 'good' })
}

/** More names than this in one cell do not help. */
const MANY = 8

function reportSteps(report: Report, pool: string, steps: readonly StepAnswer[]): void {
  const stuck = steps.reduce((sum, step) => sum + step.stuck.length, 0)
  const verdict = stuck > 0 ? `${count(stuck, 'guest')} must be powered off` : 'no guest must be powered off'
  report.heading(`${poolName(pool)}: drain ${count(steps.length, 'host')} in this order; ${verdict}`)
  report.table(
    [
      { title: '', align: 'right' },
      { title: 'host' },
      { title: 'guests go to' },
      { title: 'power off' },
      { title: 'why', wraps: true },
    ],
    steps.map(({ host, moves, stuck: off }, i) => [
      `${i + 1}`,
      host,
      fewNames(targets(moves), MANY),
      {
        text: fewNames(
          off.map(({ guest }) => guest),
          MANY,
        ),
        tone: 'bad',
      },
      off[0] ? describeObstacles(off[0].obstacles) : '',
    ]),
  )
}

/** `vm1 vm2 → b` for each host that guests go to. */
function targets(moves: StepAnswer['moves']): string[] {
  const byHost = new Map<string, string[]>()
  for (const { guest, to } of moves) byHost.set(to, [...(byHost.get(to) ?? []), guest])
  return [...byHost].map(([to, guests]) =>
    guests.length > 3 ? `${guests.length} guests → ${to}` : `${guests.join(' ')} → ${to}`,
  )
}

function reportUnmovable(report: Report, unmovable: readonly UnmovableAnswer[]): void {
  report.heading(`${count(unmovable.length, 'guest')} with nowhere to go if the host dies`)
  report.table(
    [
      { title: 'guest' },
      { title: 'host' },
      { title: 'closest other host' },
      { title: 'why not', wraps: true },
    ],
    unmovable.map(({ guest, host, nearest, why }) => [
      guest,
      host ?? '',
      nearest ?? 'none',
      nearest ? describeObstacles(why) : 'its pool has no other host',
    ]),
  )
}

function reportRestarts(report: Report, restarts: readonly RestartAnswer[]): void {
  report.heading(
    `optional: ${count(restarts.length, 'guest')} may be powered off and started with the pool's CPU, in this order`,
  )
  report.table(
    [
      { title: '', align: 'right' },
      { title: 'guest' },
      { title: 'host' },
      { title: 'gains' },
      { title: 'gives up, to go everywhere', wraps: true },
    ],
    restarts.map(({ guest, host, gains, extra }, i) => [
      `${i + 1}`,
      guest,
      host ?? '',
      { text: hostNamesOf(gains, 4), tone: 'good' },
      hostNamesOf(extra, 4),
    ]),
  )
}
