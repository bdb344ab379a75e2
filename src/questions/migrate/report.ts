import type { Verdict } from '../../core/evidence.ts'
import { count, fewNames } from '../../core/text.ts'
import { type Reliance, weighObstacles } from '../../fleet/interest.ts'
import type { DotEdge, DotGraph } from '../../report/graphviz.ts'
import type { Cell, Report, StyledText } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
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
  describeHazards,
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
  const free = ({ kind, hazards: { there, back } }: ArrowAnswer) =>
    kind === 'both-ways' && there.length + back.length === 0
  if (own.every(free)) {
    if (hosts === 1) report.line(title)
    else if (hasStuck) report.line(`${title}; a guest with all of its host's CPU moves freely`)
    else report.line({ text: title + MOVES_FREELY, tone: 'good' })
    return
  }
  const called = (name: string) => ((sizes.get(name) ?? 1) > 1 ? `${name} (${sizes.get(name)})` : name)
  report.heading(`${title}; a guest with all of its host's CPU moves`)
  report.table(
    [
      { title: 'from' },
      { title: 'to' },
      { title: 'libvirt' },
      { title: 'guest' },
      { title: 'why not', wraps: true },
    ],
    own.flatMap(({ from, to, there, back, hazards }) => [
      [called(from), called(to), ...verdictCells(there, hazards.there)],
      [called(to), called(from), ...verdictCells(back, hazards.back)],
    ]),
  )
}

/** What libvirt says, what it means to the guest, and why. */
function verdictCells(obstacles: readonly ObstacleAnswer[], hazards: readonly Reason[]): Cell[] {
  const { allowed, safe } = weighObstacles(obstacles, hazards.length)
  const why = [...(obstacles.length > 0 ? [describeObstacles(obstacles)] : []), ...describeHazards(hazards)]
  return [verdictCell(allowed, ALLOWED), verdictCell(safe, SAFE), why.join('; ')]
}

const verdictCell = (verdict: Verdict, words: Readonly<Record<Verdict, string>>): StyledText => ({
  text: words[verdict],
  tone: verdict === 'no' ? 'bad' : verdict === 'unknown' ? 'warning' : 'good',
})

const ALLOWED = { yes: 'lets go', assumed: 'lets go', unknown: 'not known', no: 'refuses' } as const
const SAFE = { yes: 'safe', assumed: 'safe', unknown: 'not known', no: 'unsafe' } as const

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
      [closest(one.why, called), ...hazardsAbroad(one, called)].filter(Boolean).join('; '),
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

/** Where it may go and does not see what it must, the worst place. */
function hazardsAbroad({ hazards }: GuestMoves, called: (group: string) => string): string[] {
  const [first, ...more] = [...hazards].sort((a, b) => b.features.length - a.features.length)
  if (!first) return []
  const others = more.length > 0 ? ` and ${more.length} more` : ''
  return describeHazards(first.features).map(text => `on ${called(first.group)}${others} it ${text}`)
}

const RELIANCE_NOTES: Readonly<Record<Reliance, string>> = {
  needed: '',
  hint: '; only libvirt minds: the guest would run on',
  promise: '; a mitigation of the guest rests on it',
}

/** Whether one guest moves to one host, for people. */
export function reportMove(report: Report, answer: MoveAnswer): void {
  const { to, moves, allowed, safe, obstacles, hazards } = answer
  report.line({
    text: describeMove(answer),
    tone: moves ? 'good' : answer.verdict === 'unknown' ? 'warning' : 'bad',
  })
  if (allowed !== safe) report.line(`libvirt ${ALLOWED[allowed]}; for the guest it is ${SAFE[safe]}`)
  for (const text of describeHazards(hazards)) {
    report.line({ text: `on ${to} the guest ${text}: restart it there`, tone: 'warning' })
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
