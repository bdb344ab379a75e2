import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { describeObstacles } from '../migrate/describe.ts'
import { addKeptLine, hostNamesOf, isRemedy, poolName } from '../words/cells.ts'
import type { DrainAnswer, RestartAnswer, StepAnswer, UnmovableAnswer } from './answer.ts'

/** What a rolling upgrade asks for, in which order hosts are drained, who is bound to one host, and who can be raised. */
export function reportDrain(report: Report, answer: DrainAnswer): void {
  const { steps, unmovable, restarts } = answer
  addFinding(report, steps)
  addKeptLine(report, answer.keptCpus)
  addActions(report, answer)
  const pools = [...new Set(steps.map(({ pool }) => pool))]
  for (const pool of pools) {
    const own = steps
      .filter(step => step.pool === pool)
      .map((step, i): NumberedStep => ({ ...step, at: i + 1 }))
    const busy = own.filter(isBusy)
    if (busy.length > 0) report.instead(() => reportSteps(report, pool, own, busy))
    report.details(() => reportSteps(report, pool, own, own))
  }
  const idle = steps.filter(step => !isBusy(step)).length
  if (idle > 0 && idle < steps.length)
    report.instead(() => report.line(`${count(idle, 'host')} without guests: drain them at any time`))
  if (unmovable.length > 0) reportUnmovable(report, unmovable)
  if (restarts.length > 0) reportRestarts(report, restarts)
  else if (steps.some(isBusy))
    report.line({ text: 'every guest has the CPU that its pool offers', tone: 'good' })
}

const isBusy = ({ moves, powerOffs: stuck }: StepAnswer): boolean => moves.length + stuck.length > 0

/** `drain 40 hosts: 1 of 9 guests must be powered off, the others move` */
function addFinding(report: Report, steps: readonly StepAnswer[]): void {
  const off = new Set(steps.flatMap(({ powerOffs: stuck }) => stuck.map(({ guest }) => guest)))
  const all = new Set([...off, ...steps.flatMap(({ moves }) => moves.map(({ guest }) => guest))])
  const what =
    all.size === 0
      ? 'they have no guests, so at any time'
      : off.size === 0
        ? `no guest must be powered off, ${all.size === 1 ? 'the one there is moves' : `all of the ${all.size} guests move`}`
        : `${off.size} of ${count(all.size, 'guest')} must be powered off${off.size < all.size ? `, ${all.size - off.size === 1 ? 'the other moves' : 'the others move'}` : ''}`
  report.finding(`drain ${count(steps.length, 'host')}: `, {
    text: what,
    tone: off.size > 0 ? 'bad' : 'good',
  })
}

/** What must be done to drain, then what keeps guests from other hosts, then what can be gained on the way. */
function addActions(report: Report, { steps, unmovable, restarts }: DrainAnswer): void {
  const stuck = steps.flatMap(({ host, powerOffs: off }) => off.map(one => ({ ...one, host })))
  for (const { names, why, remedy } of byObstacles(stuck)) {
    const isOther = remedy !== undefined && isRemedy(remedy) && !/^power the guest off/.test(remedy)
    const or = isOther ? `, or first ${remedy}` : ''
    report.action(`power off ${fewNames(names, 2)} when the host's turn comes${or}`, { gain: `now ${why}` })
  }
  const off = new Set(stuck.map(({ guest }) => guest))
  const bound = unmovable
    .filter(({ guest }) => !off.has(guest))
    .map(({ guest, host, obstacles: why }) => ({ guest, host: host ?? '', obstacles: why }))
  for (const { names, remedy, why } of byObstacles(bound))
    if (remedy !== undefined && isRemedy(remedy))
      report.action(`${remedy} (${fewNames(names, 2)})`, { gain: `may move then; now ${why}` })
  if (restarts.length > 0) {
    const gains = [...new Set(restarts.flatMap(({ gains: some }) => some.map(({ feature }) => feature)))]
    const what = `power off and start ${fewNames(
      restarts.map(({ guest }) => guest),
      2,
    )} with the pool's CPU, at leisure`
    report.action(what, {
      gain: gains.length > 0 ? `gains ${fewNames(gains)}` : 'they can then go everywhere',
    })
  }
}

/** Guests that the same keeps where they are. */
function byObstacles(
  some: readonly {
    readonly guest: string
    readonly host: string
    readonly obstacles: StepAnswer['powerOffs'][number]['obstacles']
  }[],
): { names: string[]; why: string; remedy: string | undefined }[] {
  const found = new Map<string, { names: string[]; why: string; remedy: string | undefined }>()
  for (const { guest, host, obstacles } of some) {
    const why = describeObstacles(obstacles)
    const one = found.get(why) ?? { names: [], why, remedy: obstacles[0]?.remedy }
    one.names.push(host === '' ? guest : `${guest} (${host})`)
    found.set(why, one)
  }
  return [...found.values()].sort((a, b) => b.names.length - a.names.length)
}

/** More names than this in one cell do not help. */
const MANY = 8

/** A step, and its number in the order of its pool. */
interface NumberedStep extends StepAnswer {
  readonly at: number
}

function reportSteps(
  report: Report,
  pool: string,
  all: readonly NumberedStep[],
  shown: readonly NumberedStep[],
): void {
  if (!all.some(isBusy)) {
    report.heading(`${poolName(pool)}: drain ${count(all.length, 'host')} in any order: no guests`)
    report.line(`  ${all.map(({ host }) => host).join(' ')}`)
    return
  }
  const stuck = all.reduce((sum, step) => sum + step.powerOffs.length, 0)
  const verdict = stuck > 0 ? `${count(stuck, 'guest')} must be powered off` : 'no guest must be powered off'
  report.heading(`${poolName(pool)}: drain ${count(all.length, 'host')} in this order; ${verdict}`)
  report.table(
    [
      { title: '', align: 'right' },
      { title: 'host' },
      { title: 'guests go to', wraps: true },
      { title: 'power off', wraps: true },
      { title: 'why', wraps: true },
    ],
    shown.map(({ at, host, moves, powerOffs: off }) => [
      `${at}`,
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
  return [...groupBy(moves, ({ to }) => to)].map(([to, own]) =>
    own.length > 3 ? `${own.length} guests → ${to}` : `${own.map(({ guest }) => guest).join(' ')} → ${to}`,
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
    unmovable.map(({ guest, host, nearestHost: nearest, obstacles: why }) => [
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
