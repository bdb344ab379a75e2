import type { Verdict } from '../../core/evidence.ts'
import { bytewise, count, fewNames, groupBy } from '../../core/text.ts'
import { countHosts } from '../../fleet/groups.ts'
import { type Reliance, weighObstacles } from '../../fleet/interest.ts'
import type { DotEdge, DotGraph } from '../../report/graphviz.ts'
import type { Cell, Report, StyledText } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import { reportGuestsAlone } from '../hosts/report.ts'
import type { Reporter } from '../question.ts'
import { addKeptLine, isRemedy, joinRemedies, shortRemedy } from '../words/cells.ts'
import { describeIdRegisters } from '../words/describe.ts'
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
  foreignIn,
  isOpenAnswer,
  MOVES_FREELY,
  mayHavePlace,
  takeAt,
  WITHOUT_FOREIGN,
} from './describe.ts'

/** Who can go where: what keeps guests, what to do about it, each pool's CPUs and its guests. */
export function reportMigrate(report: Report, answer: MigrateAnswer): void {
  const { groups, arrows, guests, guestsAlone } = answer
  if (guestsAlone) {
    reportGuestsAlone(report, guestsAlone)
    return
  }
  const at: At = places => takeAt(answer.obstacles, places)
  const mayHave = (one: GuestMoves) => mayHavePlace(one, answer.obstacles)
  const all = groups.map(({ pool, hosts }, place) => ({ place, name: hosts[0] ?? '', pool, hosts }))
  const pools = [...groupBy(all, of => of.pool)].map(([pool, own]): PoolMoves => {
    return { pool, groups: own, ...movesOf(own, arrows, at) }
  })
  addFinding(report, pools, guests, mayHave)
  addKeptLine(report, answer.keptCpus)
  const [open, shut] = [pools.filter(isOpen), pools.filter(pool => !isOpen(pool))]
  addGuestActions(report, answer, at)
  addPoolActions(report, shut, answer)
  for (const { pool, groups: own } of open) {
    const hosts = countHosts(own)
    const isBound = guests.some(guest => guest.pool === pool && guest.others === 0)
    const title = describePoolTitle(pool, hosts, own.length)
    if (hosts === 1) report.line(title)
    else if (isBound) report.line(`${title}; a guest with all of its host's CPU moves freely`)
    else report.line({ text: title + MOVES_FREELY, tone: 'good' })
  }
  for (const { pool, idRegisters } of answer.pools ?? [])
    if (idRegisters && groups.filter(of => of.pool === pool).length > 1)
      report.line(describeIdRegisters(idRegisters))
  if (guests.length > 0) reportGuests(report, answer)
  report.instead(() => reportWays(report, shut))
  report.details(() => {
    for (const pool of shut) reportPool(report, pool)
  })
}

/** A pool's CPUs, and how guests with all of one move between them. */
interface PoolMoves {
  readonly pool: string
  readonly groups: readonly NamedGroup[]
  /** From each group to every other, by their places. */
  readonly ways: ReadonlyMap<number, readonly Way[]>
}

interface NamedGroup extends MigrateGroup {
  /** Among the groups of the answer. */
  readonly place: number
  readonly name: string
}

/** Obstacles by their places in the answer. */
type At = (places: readonly number[]) => ObstacleAnswer[]

interface Way {
  readonly to: NamedGroup
  readonly goes: boolean
  readonly obstacles: readonly ObstacleAnswer[]
  /** What the guest must see there, and does not. */
  readonly hazards: readonly Reason[]
}

function movesOf(
  groups: readonly NamedGroup[],
  arrows: readonly ArrowAnswer[],
  at: At,
): Pick<PoolMoves, 'ways'> {
  const own = new Map(groups.map(group => [group.place, group]))
  const ways = new Map<number, Way[]>(groups.map(({ place }) => [place, []]))
  for (const { fromGroup, toGroup, kind, there, back, hazardsThere, hazardsBack } of arrows) {
    const [from, to] = [own.get(fromGroup), own.get(toGroup)]
    if (!from || !to) continue
    ways.get(fromGroup)?.push({ to, goes: kind !== 'none', obstacles: at(there), hazards: hazardsThere })
    ways
      .get(toGroup)
      ?.push({ to: from, goes: kind === 'both-ways', obstacles: at(back), hazards: hazardsBack })
  }
  return { ways }
}

const isOpen = ({ ways }: PoolMoves): boolean =>
  [...ways.values()].every(all => all.every(({ goes, hazards }) => goes && hazards.length === 0))

/** `40 hosts of 11 CPUs in 2 pools: 1 of 9 guests has nowhere else to go; guests with all of their host's CPU …` */
function addFinding(
  report: Report,
  pools: readonly PoolMoves[],
  guests: readonly GuestMoves[],
  mayHave: (guest: GuestMoves) => boolean,
): void {
  const groups = pools.flatMap(pool => pool.groups)
  const all = `${count(countHosts(groups), 'host')} of ${count(groups.length, 'CPU')} in ${count(pools.length, 'pool')}`
  const free = pools.filter(isOpen).length
  const host = "guests with all of their host's CPU move "
  const whole =
    free === pools.length
      ? `${host}freely`
      : free === 0
        ? `${host}freely in no pool`
        : `${host}freely in ${free} of ${count(pools.length, 'pool')}`
  const bound = guests.filter(({ others }) => others === 0)
  const own: Cell[] =
    guests.length > 0
      ? [
          {
            text: describeGuests(guests, bound.filter(mayHave).length),
            tone: bound.length > 0 ? 'bad' : 'good',
          },
          '; ',
        ]
      : []
  report.finding(`${all}: `, ...own, whole)
}

/**
 * What gives guests without another place one. All that is known to be in a guest's way counts together: one remedy of two
 * brings it nowhere.
 */
function addGuestActions(report: Report, { guests, groups }: MigrateAnswer, at: At): void {
  const ways = new Map<string, { guests: Set<string>; groups: Set<string>; why: string }>()
  for (const one of guests) {
    const nearest = one.others === 0 ? nearestOf(one.closed, ({ reasons }) => reasons) : undefined
    const obstacles = at(nearest?.reasons ?? [])
    const remedies = nearest
      ? remediesOf(
          obstacles,
          nearest.inGroups.some(place => one.startsInGroups.includes(place)),
        )
      : []
    if (!nearest || !remedies.every(isRemedy)) continue
    const what = joinRemedies(remedies.map(remedy => remedyFor(remedy, obstacles)))
    const way = ways.get(what) ?? {
      guests: new Set(),
      groups: new Set(),
      why: describeObstacles(obstacles),
    }
    ways.set(what, way)
    way.guests.add(one.guest)
    way.groups.add(groups[nearest.inGroups[0] ?? 0]?.hosts[0] ?? '')
  }
  for (const [what, one] of [...ways].sort(([, a], [, b]) => b.guests.size - a.guests.size)) {
    const gain = `${fewNames([...one.guests])} may then go to ${fewNames([...one.groups], 2)}; now ${one.why}`
    report.action(what, { gain })
  }
}

/** What lets guests of all hosts of a pool move freely, as far as anything does. */
function addPoolActions(report: Report, shut: readonly PoolMoves[], { hostCpuOnly }: MigrateAnswer): void {
  const [parted, joined] = [shut.filter(isParted), shut.filter(pool => !isParted(pool))]
  if (parted.length > 0) {
    const kinds = new Set(parted.flatMap(({ ways }) => [...ways.values()].flat().flatMap(identitiesIn)))
    const all = fewNames([...kinds].sort(bytewise))
    report.action(`keep guests of ${all} apart${inPools(parted, shut)}, a pool for each`, {
      gain: 'none moves live from one to another, whatever CPU it is given',
    })
  }
  if (joined.length > 0) {
    if (hostCpuOnly) {
      report.action(`keep guests of each CPU apart, or make their hosts equal${inPools(joined, shut)}`, {
        gain: `no definition gives a guest less than its host's CPU${nowLacking(joined)}`,
      })
      return
    }
    report.action(
      `give guests the CPU that \`virt-cpu explain\` names for ${inPools(joined, shut).replace(/^ in /, '') || 'their pool'}`,
      { gain: `they then move between all of its hosts${nowLacking(joined)}` },
    )
  }
}

/** `; now some lack md-clear, pcid`; empty: something else is in the way. */
function nowLacking(pools: readonly PoolMoves[]): string {
  const lacking = pools.flatMap(({ ways }) =>
    [...ways.values()]
      .flat()
      .flatMap(({ obstacles }) => obstacles.flatMap(one => (one.kind === 'feature' ? one.feature : []))),
  )
  return lacking.length === 0 ? '' : `; now some lack ${fewNames([...new Set(lacking)])}`
}

/** ` in pool blue, green`; empty: in all that there are. */
const inPools = (some: readonly PoolMoves[], all: readonly PoolMoves[]): string =>
  some.length === all.length
    ? ''
    : ` in pool ${fewNames(
        some.map(({ pool }) => pool),
        2,
      )}`

/**
 * What has to be done that nothing known keeps a guest from hosts; else what would tell more.
 * @param starts whether it can be started there: one that never moves is
 */
function remediesOf(obstacles: readonly ObstacleAnswer[], starts: boolean): string[] {
  const known = obstacles.filter(one => !isOpenAnswer(one))
  const bonds = known.filter(({ kind }) => kind === 'bond')
  const isOfOther = known.some(({ kind }) => kind === 'vendor')
  const own = known.filter(({ remedy }) => !isOfOther || remedy !== WITHOUT_FOREIGN)
  // With a model that both hosts have it needs nothing else.
  const passed = known.filter(({ kind }) => kind === 'passed')
  const alone = starts && bonds.length > 0 ? bonds : bonds.length === 0 ? passed : []
  const counting = alone.length > 0 ? alone : known.length > 0 ? own : obstacles
  return [...byRemedy(counting).keys()]
}

const remedyFor = (remedy: string, obstacles: readonly ObstacleAnswer[]): string =>
  remedy === WITHOUT_FOREIGN
    ? `take ${fewNames(foreignIn(obstacles))} out of the guest's CPU: no CPU of the host's vendor has that`
    : shortRemedy(remedy)

/** The vendors, or cores, between which no guest of this way moves. */
const identitiesIn = ({ obstacles }: Way): string[] =>
  obstacles.flatMap(one =>
    (one.kind === 'vendor' || one.kind === 'core') && one.hostHas !== null ? [one.guestHas, one.hostHas] : [],
  )

const isParted = ({ ways }: PoolMoves): boolean =>
  [...ways.values()].some(all => all.some(way => identitiesIn(way).length > 0))

/** How many hosts are as the group's first. */
const calledAs = ({ hosts: [name = '', ...more] }: MigrateGroup): string =>
  more.length > 0 ? `${name} and ${more.length} like it` : name

/** Adds where guests of each CPU go, a row each, those that go nowhere first. */
function reportWays(report: Report, pools: readonly PoolMoves[]): void {
  const rows = pools.flatMap(({ pool, groups, ways }) => {
    return groups.map(({ place, name, hosts }) => {
      const all = ways.get(place) ?? []
      const [goes, not] = [all.filter(way => way.goes), all.filter(way => !way.goes)]
      const nearest = nearestOf(not, way => way.obstacles)
      const why = [
        ...(nearest
          ? [`${closestOf(nearest.to.name, not.length)} ${describeObstacles(nearest.obstacles, 2)}`]
          : []),
        ...describeWorst(
          goes.map(({ to, hazards }) => ({ inGroups: [to.place], hazards })),
          place => all.find(({ to }) => to.place === place)?.to.name ?? '',
        ),
      ]
      return {
        goes: goes.length,
        cells: [
          ...(pools.length > 1 ? [pool] : []),
          hosts.length > 1 ? `${name} (${hosts.length})` : name,
          goes.length === 0
            ? { text: 'none', tone: 'bad' as const }
            : fewNames(
                goes.map(({ to }) => to.name),
                2,
              ),
          why.join('; '),
        ],
      }
    })
  })
  if (rows.length === 0) return
  report.heading("a guest with all of its host's CPU moves")
  report.table(
    [
      ...(pools.length > 1 ? [{ title: 'pool', wraps: true as const }] : []),
      { title: 'from', wraps: true },
      { title: 'to', wraps: true },
      { title: 'not to, or not safely', wraps: true },
    ],
    rows.sort((a, b) => a.goes - b.goes).map(({ cells }) => cells),
  )
}

/** Adds the hosts of each CPU, and from each to which others guests go; those that the same prevents in one row. */
function reportPool(report: Report, { pool, groups, ways }: PoolMoves): void {
  report.heading(
    `${describePoolTitle(pool, countHosts(groups), groups.length)}; a guest with all of its host's CPU moves`,
  )
  report.table(
    [
      { title: 'from' },
      { title: 'to', wraps: true },
      { title: 'libvirt' },
      { title: 'guest' },
      { title: 'why not', wraps: true },
    ],
    groups.flatMap(group => {
      const alike = new Map<string, { to: string[]; cells: readonly Cell[] }>()
      for (const { to, obstacles, hazards } of ways.get(group.place) ?? []) {
        const cells = verdictCells(obstacles, hazards)
        const key = JSON.stringify(cells)
        const one = alike.get(key) ?? { to: [], cells }
        one.to.push(calledAs(to))
        alike.set(key, one)
      }
      return [...alike.values()].map(({ to, cells }) => [calledAs(group), to.join(', '), ...cells])
    }),
  )
  report.table(
    [{ title: 'CPU of' }, { title: 'hosts', wraps: true }],
    groups.filter(({ hosts }) => hosts.length > 1).map(({ name, hosts }) => [name, hosts.join(' ')]),
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

/** Adds the guests, those first that have nowhere else to go. */
function reportGuests(report: Report, { guests, groups, obstacles }: MigrateAnswer): void {
  const at: At = places => takeAt(obstacles, places)
  const mayHave = (one: GuestMoves) => mayHavePlace(one, obstacles)
  const hostsIn = (places: readonly number[], but?: string | null) =>
    places.flatMap(place => groups[place]?.hosts ?? []).filter(host => host !== but)
  const called: Called = place => calledAs(groups[place] ?? { pool: '', hosts: [] })
  const moves = (one: GuestMoves, shown: (names: readonly string[]) => string): Cell => {
    if (one.others > 0) return shown(hostsIn(one.movesToGroups, one.host))
    return mayHave(one) ? { text: 'not known', tone: 'warning' } : { text: 'none', tone: 'bad' }
  }
  // Where it runs it was started, whatever is known against it.
  const startsOn = ({ startsInGroups: starts, host }: GuestMoves) => {
    const hosts = hostsIn(starts)
    return host === null || hosts.includes(host) ? hosts : [host, ...hosts]
  }
  const sorted = [...guests].sort((a, b) => Number(a.others > 0) - Number(b.others > 0))
  report.heading('guests')
  report.instead(() =>
    report.table(
      [
        { title: 'guest' },
        { title: 'host' },
        { title: 'moves to', wraps: true },
        { title: 'why not', wraps: true },
      ],
      sorted.map(one => [
        one.guest,
        one.host ?? '',
        moves(one, names => fewNames(names, 2)),
        whyNot(one, called, at),
      ]),
    ),
  )
  report.details(() =>
    report.table(
      [
        { title: 'guest' },
        { title: 'host' },
        { title: 'starts on', wraps: true },
        { title: 'moves to', wraps: true },
        { title: 'why not', wraps: true },
      ],
      sorted.map(one => [
        one.guest,
        one.host ?? '',
        startsOn(one).join(' '),
        moves(one, names => names.join(' ')),
        whyNot(one, called, at),
      ]),
    ),
  )
  reportRefusals(report, { guests, groups }, at)
}

/** Where guests are not started at all, or with less, which their bits do not show. */
function reportRefusals(
  report: Report,
  { guests, groups }: Pick<MigrateAnswer, 'guests' | 'groups'>,
  at: At,
): void {
  const add = (title: string, of: (guest: GuestMoves) => GuestMoves['refused']) => {
    const found = guests.flatMap(one => of(one).map(closed => ({ guest: one.guest, ...closed })))
    if (found.length > 0) report.heading(title)
    report.table(
      [{ title: 'guest' }, { title: 'host' }, { title: 'which', wraps: true }],
      found.flatMap(({ guest, inGroups, reasons }) =>
        inGroups.map(place => [guest, groups[place]?.hosts[0] ?? '', describeObstacles(at(reasons))]),
      ),
    )
  }
  add('refused by the hypervisor, powered off or not', ({ refused }) => refused)
  report.details(() => add('started with less than the definition asks for', ({ reduced = [] }) => reduced))
}

type Called = (place: number) => string

/** Of the group that the guest is closest to, and where it may go and does not see what it must. */
function whyNot({ closed, hazardsIn }: GuestMoves, called: Called, at: At): string {
  const nearest = nearestOf(closed, ({ reasons }) => reasons)
  const closest = nearest
    ? [
        `${closestOf(called(nearest.inGroups[0] ?? 0), countGroups(closed))} ${describeObstacles(at(nearest.reasons))}`,
      ]
    : []
  return [...closest, ...describeWorst(hazardsIn, called)].join('; ')
}

const countGroups = (all: readonly { readonly inGroups: readonly number[] }[]): number =>
  all.reduce((sum, { inGroups }) => sum + inGroups.length, 0)

/** Where the most is that a guest must see and does not; nothing of none. */
function describeWorst(all: GuestMoves['hazardsIn'], called: Called): string[] {
  const some = all.filter(({ hazards }) => hazards.length > 0)
  const [first] = [...some].sort((a, b) => b.hazards.length - a.hazards.length)
  if (!first) return []
  const more = countGroups(some) - 1
  const others = more > 0 ? ` and ${more} more` : ''
  return describeHazards(first.hazards).map(
    text => `on ${called(first.inGroups[0] ?? 0)}${others} it ${text}`,
  )
}

const closestOf = (name: string, of: number): string => (of > 1 ? `${name} (closest of ${of})` : name)

/** What has the fewest obstacles, the first of equals; undefined: there is none. */
const nearestOf = <T>(all: readonly T[], obstaclesOf: (one: T) => readonly unknown[]): T | undefined =>
  all.reduce<T | undefined>(
    (a, b) => (!a || obstaclesOf(b).length < obstaclesOf(a).length ? b : a),
    undefined,
  )

const RELIANCE_NOTES: Readonly<Record<Reliance, string>> = {
  needed: '',
  hint: '; only libvirt minds: the guest would run on',
  promise: '; a mitigation of the guest rests on it',
}

/** Whether one guest moves to one host, for people. */
export function reportMove(report: Report, answer: MoveAnswer): void {
  const { to, canMove: moves, allowed, safe, obstacles, hazards } = answer
  report.finding({
    text: describeMove(answer),
    tone: moves ? 'good' : answer.verdict === 'unknown' ? 'warning' : 'bad',
  })
  for (const [remedy, some] of byRemedy(obstacles)) {
    const names = some.map(one => (one.kind === 'feature' || one.kind === 'unknown' ? one.feature : one.kind))
    if (isRemedy(remedy)) report.action(shortRemedy(remedy), { gain: `against ${fewNames(names)}` })
  }
  if (allowed !== safe) report.line(`libvirt ${ALLOWED[allowed]}; for the guest it is ${SAFE[safe]}`)
  for (const text of describeHazards(hazards)) {
    report.line({ text: `on ${to} the guest ${text}: restart it there`, tone: 'warning' })
  }
  const columns = [{ title: '' }, { title: '' }, { title: '', wraps: true }] as const
  const rowOf = (one: ObstacleAnswer): Cell[] =>
    one.kind === 'feature'
      ? [one.feature, one.place, one.title + RELIANCE_NOTES[one.reliance]]
      : [one.kind, '', `${to} ${describeObstacle(one)}`]
  report.instead(() => report.table(columns, obstacles.map(rowOf)))
  report.details(() => {
    for (const [remedy, some] of byRemedy(obstacles)) {
      report.line(`${some[0]?.kind === 'feature' ? `${some[0].cause}: ` : ''}${remedy}`)
      report.table(columns, some.map(rowOf))
    }
  })
}

/** The migration graph: a node for each CPU, its hosts in it; no line where guests of neither can move. */
export const migrateGraph = ({ groups, obstacles, arrows }: MigrateAnswer): DotGraph => ({
  name: 'migration',
  nodes: groups.map(({ pool, hosts: [name = '', ...more], hosts }) => ({
    id: name,
    label: more.length > 0 ? [name, count(hosts.length, 'host')] : [name],
    ...(pool ? { frame: pool } : {}),
  })),
  edges: arrows.filter(({ kind }) => kind !== 'none').map(arrow => edgeOf(groups, arrow, obstacles)),
})

const edgeOf = (
  groups: readonly MigrateGroup[],
  { fromGroup, toGroup, kind, back }: ArrowAnswer,
  obstacles: readonly ObstacleAnswer[],
): DotEdge => ({
  from: groups[fromGroup]?.hosts[0] ?? '',
  to: groups[toGroup]?.hosts[0] ?? '',
  ways: kind === 'both-ways' ? 'both' : 'one',
  ...(kind === 'one-way' ? { label: `not back: ${describeObstacles(takeAt(obstacles, back), 2)}` } : {}),
})

/** Adds the answer of the question: of one move, or of all. */
export const reportMigration: Reporter<MigrateAnswer | MoveAnswer> = (report, answer) =>
  'canMove' in answer ? reportMove(report, answer) : reportMigrate(report, answer)
