import type { Reliance } from '../../core/feature.ts'
import { count, fewNames } from '../../core/text.ts'
import type { DotEdge, DotGraph } from '../../report/graphviz.ts'
import type { Report, StyledText } from '../../report/report.ts'
import { reportGuestsAlone } from '../hosts/report.ts'
import type { Reporter } from '../question.ts'
import type {
  ArrowAnswer,
  GuestMoves,
  MigrateAnswer,
  MigrateGroup,
  MoveAnswer,
  ObstacleAnswer,
} from './answer.ts'
import {
  byRemedy,
  describeGuests,
  describeMove,
  describeObstacle,
  describeObstacles,
  describePoolTitle,
  MOVES_FREELY,
  mayHavePlace,
} from './describe.ts'

/** Who can go where, for people: each pool's groups, the arrows between them, and its guests. */
export function reportMigrate(report: Report, { groups, arrows, guests, guestsAlone }: MigrateAnswer): void {
  if (guestsAlone) reportGuestsAlone(report, guestsAlone)
  for (const pool of new Set(groups.map(of => of.pool))) {
    reportPool(
      report,
      pool,
      groups.filter(of => of.pool === pool),
      arrows,
      guests.some(guest => guest.pool === pool && guest.others === 0),
    )
  }
  if (guests.length > 0) reportGuests(report, guests, groups)
}

function reportPool(
  report: Report,
  pool: string,
  groups: readonly MigrateGroup[],
  arrows: readonly ArrowAnswer[],
  hasStuck: boolean,
): void {
  const sizes = new Map(groups.map(({ name, hosts }) => [name, hosts.length]))
  const own = arrows.filter(({ from, to }) => sizes.has(from) || sizes.has(to))
  const hosts = groups.reduce((sum, of) => sum + of.hosts.length, 0)
  const title = describePoolTitle(pool, hosts, groups.length)
  if (own.every(({ kind }) => kind === 'both-ways')) {
    if (hosts === 1) report.line(title)
    else if (hasStuck) report.line(`${title}; a guest with all of its host's CPU moves freely`)
    else report.line({ text: title + MOVES_FREELY, tone: 'good' })
    return
  }
  const called = (name: string) => ((sizes.get(name) ?? 1) > 1 ? `${name} (${sizes.get(name)})` : name)
  report.heading(`${title}; a guest with all of its host's CPU moves`)
  report.table(
    [{ title: 'from' }, { title: 'to' }, { title: 'moves' }, { title: 'why not', wraps: true }],
    own.flatMap(({ from, to, there, back, kind }) => [
      [called(from), called(to), yesOrNo(kind !== 'none'), whyNot(there)],
      [called(to), called(from), yesOrNo(kind === 'both-ways'), whyNot(back)],
    ]),
  )
}

const yesOrNo = (yes: boolean): StyledText =>
  yes ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' }

const whyNot = (obstacles: readonly ObstacleAnswer[]): string =>
  obstacles.length > 0 ? describeObstacles(obstacles) : ''

function reportGuests(report: Report, guests: readonly GuestMoves[], groups: readonly MigrateGroup[]): void {
  const hostsIn = (names: readonly string[], but?: string | null) =>
    fewNames(
      groups.flatMap(({ name, hosts }) => (names.includes(name) ? hosts : [])).filter(host => host !== but),
    )
  const called = (group: string) => {
    const more = (groups.find(({ name }) => name === group)?.hosts.length ?? 1) - 1
    return more > 0 ? `${group} and ${more} like it` : group
  }
  report.heading(describeGuests(guests, guests.filter(mayHavePlace).length))
  report.table(
    [
      { title: 'guest' },
      { title: 'host' },
      { title: 'starts on' },
      { title: 'moves to' },
      { title: 'why not', wraps: true },
    ],
    guests.map(one => [
      one.guest,
      one.host ?? '',
      hostsIn(one.starts),
      one.others > 0
        ? hostsIn(one.moves, one.host)
        : mayHavePlace(one)
          ? { text: 'not known', tone: 'warning' }
          : { text: 'none', tone: 'bad' },
      closest(one.why, called),
    ]),
  )
  reportRefusals(report, guests)
}

/** Where a hypervisor keeps guests from being started at all, which their bits do not show. */
function reportRefusals(report: Report, guests: readonly GuestMoves[]): void {
  const refusals = guests.flatMap(({ guest, refused }) => refused.map(one => ({ guest, ...one })))
  if (refusals.length > 0) report.heading('refused by the hypervisor, powered off or not')
  report.table(
    [{ title: 'guest' }, { title: 'host' }, { title: 'which', wraps: true }],
    refusals.map(({ guest, group, obstacles }) => [guest, group, describeObstacles(obstacles)]),
  )
}

/** Of the group that the guest is closest to. */
function closest(closed: GuestMoves['why'], called: (group: string) => string): string {
  const [first, ...rest] = closed
  if (!first) return ''
  const nearest = rest.reduce((a, b) => (b.obstacles.length < a.obstacles.length ? b : a), first)
  const more = rest.length > 0 ? ` (closest of ${closed.length})` : ''
  return `${called(nearest.group)}${more} ${describeObstacles(nearest.obstacles)}`
}

const RELIANCE_NOTES: Readonly<Record<Reliance, string>> = {
  needed: '',
  hint: '; only libvirt minds: the guest would run on',
  promise: '; the guest has left off a mitigation that it needs there',
}

/** Whether one guest moves to one host, for people. */
export function reportMove(report: Report, answer: MoveAnswer): void {
  const { to, moves, obstacles, hazards } = answer
  report.line({
    text: describeMove(answer),
    tone: moves ? 'good' : answer.verdict === 'unknown' ? 'warning' : 'bad',
  })
  if (moves && hazards.length > 0) {
    report.line({
      text: `the guest does not see ${fewNames(hazards.map(({ feature }) => feature))}, which guests on ${to} must: restart it there`,
      tone: 'warning',
    })
  }
  for (const [remedy, some] of byRemedy(obstacles)) {
    report.line(`${some[0]?.kind === 'feature' ? `${some[0].cause}: ` : ''}${remedy}`)
    report.table(
      [{ title: '' }, { title: '' }, { title: '', wraps: true }],
      some.map(one =>
        one.kind === 'feature'
          ? [one.feature, one.place, one.title + RELIANCE_NOTES[one.reliance]]
          : [one.kind, '', `${to} ${describeObstacle(one)}`],
      ),
    )
  }
}

/** The migration graph: a node for each CPU, its hosts in it; no line where guests of neither can move. */
export const migrateGraph = ({ groups, arrows }: MigrateAnswer): DotGraph => ({
  name: 'migration',
  nodes: groups.map(({ name, pool, hosts }) => ({
    id: name,
    label: hosts.length > 1 ? [name, count(hosts.length, 'host')] : [name],
    ...(pool ? { frame: pool } : {}),
  })),
  edges: arrows.filter(({ kind }) => kind !== 'none').map(edgeOf),
})

const edgeOf = ({ from, to, kind, back }: ArrowAnswer): DotEdge => ({
  from,
  to,
  ways: kind === 'both-ways' ? 'both' : 'one',
  ...(kind === 'one-way' ? { label: `not back: ${describeObstacles(back, 2)}` } : {}),
})

/** Adds the answer of the question: of one move, or of all. */
export const reportMigration: Reporter<MigrateAnswer | MoveAnswer> = (report, answer) =>
  'moves' in answer ? reportMove(report, answer) : reportMigrate(report, answer)
