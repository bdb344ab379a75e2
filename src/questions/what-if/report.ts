import { allOf, type Verdict } from '../../core/evidence.ts'
import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Cell, Report, Tone } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import { describeObstacles, takeAt } from '../migrate/describe.ts'
import type { Reporter } from '../question.ts'
import { addKeptLine, figure, hostsAt, isRemedy, joinRemedies, poolName, VALUE } from '../words/cells.ts'
import type {
  ChangeDone,
  DeltaAnswer,
  EffectAnswer,
  EffectsAnswer,
  GuestDeltaAnswer,
  GuestPreflight,
  JudgementAnswer,
  PoolDeltaAnswer,
  PoolSummary,
  PreflightAnswer,
  ProductAnswer,
  ProductsAnswer,
  UpgradeStep,
  WhatIfAnswer,
} from './answer.ts'

/** What a change does to pools and guests, in a sentence: `1 pool changes, losing 2 features; 1 guest gets stuck`. */
export function describeDelta({ pools, guests }: DeltaAnswer): string {
  if (pools.length + guests.length === 0) return 'nothing changes for pools and guests'
  const features = [...DIFFERENCES].flatMap(([key, { many }]) => {
    const number = pools.reduce((sum, pool) => sum + pool[key].length, 0)
    return number > 0 ? [`${many} ${count(number, 'feature')}`] : []
  })
  const changes = `${count(pools.length, 'pool')} ${pools.length === 1 ? 'changes' : 'change'}`
  const what =
    features.length > 0
      ? `${changes}, whose guests ${joinWords(features)}`
      : `${changes}, its guests' CPU does not`
  return [
    ...(pools.length > 0 ? [pools.length > 1 ? what.replace('its guests', 'their guests') : what] : []),
    ...countGuests(guests),
  ].join('; ')
}

/** How a pool's features may differ, in the order of reports: what one pool does and what many do. */
const DIFFERENCES = new Map([
  ['lost', { one: 'loses', many: 'lose', tone: 'bad' }],
  ['unknown', { one: 'may lose', many: 'may lose', tone: 'warning' }],
  ['gained', { one: 'gains', many: 'gain', tone: 'good' }],
] as const)

/** `a`, `a and b`, `a, b and c` */
const joinWords = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' and ')

/** Something to do about guests, and what that gains; empty: nothing is said. */
export interface GuestAction {
  readonly what: string
  readonly gain: string
}

/** What to do about guests that a change leaves without a place. */
export function guestActions({ guests }: Pick<DeltaAnswer, 'guests'>): GuestAction[] {
  const act = (some: readonly GuestDeltaAnswer[], what: string, gain: string) =>
    some.length > 0
      ? [
          {
            what: `${what} ${fewNames(
              some.map(({ guest }) => guest),
              3,
            )}`,
            gain,
          },
        ]
      : []
  const gone = guests.filter(({ own }) => own === 'gone')
  const shut = guests.filter(({ own, stuck }) => own !== 'gone' && (own === 'closed' || stuck))
  return [
    ...act(
      gone.filter(({ othersAfter }) => othersAfter === 0),
      'stop, before the change,',
      'no other host takes them',
    ),
    ...act(
      gone.filter(({ othersAfter }) => othersAfter > 0),
      'move to other hosts, before the change,',
      'they run on',
    ),
    ...act(shut, "power off and start with the pool's CPU, after the change,", 'they can move again'),
  ]
}

/** Adds what a change does to pools and guests. */
export function reportDelta(report: Report, { pools, guests }: DeltaAnswer): void {
  report.instead(() =>
    report.table(
      [
        { title: 'pool', wraps: true },
        { title: 'hosts' },
        { title: 'features' },
        { title: 'level' },
        { title: 'model', wraps: true },
      ],
      pools.map(({ pool, before, after }) => [
        pool === '' ? 'no pool' : pool,
        ...[hostsOf, featuresOf, levelOf, modelOf].map(of => beforeAndAfter(of(before), of(after))),
      ]),
    ),
  )
  report.details(() => {
    for (const pool of pools) reportPool(report, pool)
    if (pools.length > 0) report.line(VALUE)
  })
  report.instead(() => {
    for (const pool of pools)
      for (const [key, { one, tone }] of DIFFERENCES) {
        const names = pool[key].map(({ feature }) => feature)
        const text = `${poolName(pool.pool)} ${one} `
        if (names.length > 0) report.line({ text, tone }, fewNames(names, 6))
      }
  })
  if (guests.length > 0) reportGuests(report, guests)
}

const hostsOf = (of: PoolSummary | null) => (of ? `${of.hostCount}` : '-')
const featuresOf = (of: PoolSummary | null) => (of ? `${of.featureCount}` : '-')
const levelOf = (of: PoolSummary | null) => (of ? (of.level ?? 'none') : '-')
const modelOf = (of: PoolSummary | null) => (of ? (of.model ?? 'none') : '-')

/** `26 → 25`, `x86-64-v4` */
const beforeAndAfter = (before: string, after: string): string =>
  before === after ? before : `${before} → ${after}`

const STATE = [
  { title: '' },
  { title: 'hosts', align: 'right' },
  { title: 'features', align: 'right' },
  { title: 'level' },
  { title: 'model' },
  { title: 'value', align: 'right' },
] as const

function reportPool(report: Report, { pool, before, after, ...features }: PoolDeltaAnswer): void {
  const fate = !before ? ' is new' : !after ? ' is gone' : ''
  report.heading(`${poolName(pool)}${fate}`)
  const state = (name: string, of: PoolSummary | null) =>
    of
      ? [
          [
            name,
            `${of.hostCount}`,
            `${of.featureCount}`,
            of.level ?? '-',
            of.model ?? 'none',
            figure(of.value),
          ],
        ]
      : []
  report.table(STATE, [...state('before', before), ...state('after', after)])
  for (const [key, { one, tone }] of DIFFERENCES) reportFeatures(report, one, features[key], tone)
}

function reportFeatures(report: Report, word: string, features: readonly Reason[], tone: Tone): void {
  if (features.length === 0) return
  report.line(`${word} ${count(features.length, 'feature')}:`)
  report.table(
    [{ title: '' }, { title: '' }, { title: '', wraps: true }],
    features.map(({ feature, place, title }) => [{ text: feature, tone }, place, title]),
  )
}

function reportGuests(report: Report, guests: readonly GuestDeltaAnswer[]): void {
  report.heading(`guests: ${countGuests(guests).join(', ')}`)
  report.table(
    [{ title: 'guest' }, { title: 'host' }, { title: 'what' }, { title: 'why', wraps: true }],
    guests.map(guest => [
      guest.guest,
      guest.host ?? '',
      { text: fateOf(guest), tone: guest.freed ? 'good' : 'bad' },
      guest.obstacles.length > 0 ? describeObstacles(guest.obstacles) : '',
    ]),
  )
}

/** `1 gets stuck`, `2 lose their host` */
const countGuests = (guests: readonly GuestDeltaAnswer[]): string[] => [
  ...countOf(
    'guest gets stuck',
    'guests get stuck',
    guests.filter(({ stuck }) => stuck),
  ),
  ...countOf(
    'guest cannot come back',
    'guests cannot come back',
    guests.filter(({ own }) => own === 'closed'),
  ),
  ...countOf(
    'guest loses its host',
    'guests lose their host',
    guests.filter(({ own }) => own === 'gone'),
  ),
  ...countOf(
    'guest is free to move',
    'guests are free to move',
    guests.filter(({ freed }) => freed),
  ),
]

const countOf = (one: string, many: string, { length }: readonly unknown[]): string[] =>
  length > 0 ? [`${length} ${length === 1 ? one : many}`] : []

/** What becomes of a guest: `cannot come back`, `no other host`. */
export const fateOf = ({ own, stuck, freed, othersAfter: after }: GuestDeltaAnswer): string =>
  [
    ...(own === 'gone' ? [after > 0 ? 'must move' : 'must be stopped'] : []),
    ...(own === 'closed' ? ['cannot come back'] : []),
    ...(stuck && own !== 'gone' ? ['no other host'] : []),
    ...(freed ? [`${count(after, 'other host')}`] : []),
  ].join(', ')

interface WithHosts {
  readonly hosts: readonly string[]
}
type NamedChange = ChangeDone & WithHosts
type NamedStep = UpgradeStep & WithHosts

interface NamedPreflight extends Omit<PreflightAnswer, 'steps'> {
  readonly steps: readonly NamedStep[]
}

/** Adds the changes and what they would do, or the list of effects or products. */
export const reportWhatIf: Reporter<WhatIfAnswer | EffectsAnswer | ProductsAnswer> = (report, answer) => {
  if ('effects' in answer) return reportEffects(report, answer.effects)
  if ('products' in answer) return reportProducts(report, answer.products)
  const named = <T extends { readonly inGroups: readonly number[] }>(one: T) => ({
    ...one,
    hosts: hostsAt(answer.groups, one.inGroups),
  })
  const changes = answer.changes.map(named)
  const preflight = answer.preflight && {
    ...answer.preflight,
    steps: answer.preflight.steps.map(named),
  }
  const told = preflight && preflight.guests.length > 0 ? `${describePreflight(preflight)}; ` : ''
  report.finding(`${changes.map(nameChange).join(', ')}: ${told}${describeDelta(answer)}`)
  addKeptLine(report, answer.keptCpus)
  if (preflight) addUpgradeActions(report, preflight)
  for (const { what, gain } of guestActions(answer)) report.action(what, { gain })
  for (const change of changes) {
    // The finding names the first.
    if (change.kind === 'machine') continue
    const add = () => report.line(sayChange(change))
    if (change.kind === 'upgrade') report.details(add)
    else if (change.effect !== undefined || change.hosts.length > 3) add()
  }
  if (preflight) reportPreflight(report, preflight)
  reportDelta(report, answer)
}

/** `3 of 4 guests survive the move there and back, db-1 does not`; where no host is upgraded, of their next start. */
function describePreflight({ guests, steps }: NamedPreflight): string {
  const verdictOf = (one: GuestPreflight) => (steps.length > 0 ? roundTrip(one) : one.atStart.start.verdict)
  const names = (verdict: string) => guests.flatMap(one => (verdictOf(one) === verdict ? one.guest : []))
  const [no, open] = [names('no'), names('unknown')]
  const survivors = guests.length - no.length - open.length
  const [one, many, what] =
    steps.length > 0 ? ['survives', 'survive', 'the move there and back'] : ['starts', 'start', 'then']
  return [
    `${survivors} of ${count(guests.length, 'guest')} ${survivors === 1 ? one : many} ${what}`,
    ...(no.length > 0 ? [`${fewNames(no, 2)} ${no.length === 1 ? 'does' : 'do'} not`] : []),
    ...(open.length > 0 ? [`of ${fewNames(open, 2)} it is not known`] : []),
  ].join(', ')
}

/** The weaker verdict of there and back. */
const roundTrip = ({ move, return: back }: GuestPreflight): Verdict => allOf([move.verdict, back.verdict])

/** What to do before the upgrade, the guests that cannot go first: all that is in a guest's way together. */
function addUpgradeActions(report: Report, { steps, guests, obstacles }: NamedPreflight): void {
  const remedies = new Map<string, string[]>()
  const moves = steps.length > 0
  for (const { guest, move, return: back, atStart } of guests) {
    const own = (moves ? [move, back] : [atStart.start]).flatMap(one => remediesOf(obstacles, one))
    if (own.length === 0 || !own.every(isRemedy)) continue
    const what = joinRemedies(own)
    remedies.set(what, [...(remedies.get(what) ?? []), guest])
  }
  for (const [remedy, names] of remedies)
    report.action(remedy, {
      gain: `${fewNames(names, 3)} can ${moves ? 'move there and back' : 'start then'}`,
    })
  const unknown = steps.flatMap(({ hosts, unknownVersions: list }) =>
    list.length > 0 ? [{ hosts, what: describeUnknownVersions(list) }] : [],
  )
  for (const [what, some] of groupBy(unknown, one => one.what))
    report.action(what, {
      on: some.flatMap(({ hosts }) => hosts),
      gain: 'what the upgrade changes is known',
    })
}

/** `find out the version of qemu, libvirt (virsh version --daemon), kernel (uname -r)` */
const describeUnknownVersions = (list: UpgradeStep['unknownVersions']): string =>
  `find out the version of ${[...groupBy(list, ({ command }) => command)]
    .map(([command, some]) => `${some.map(({ tool }) => tool).join(', ')} (${command})`)
    .join(', ')}`

type Obstacles = PreflightAnswer['obstacles']

const remediesOf = (all: Obstacles, { verdict, reasons, facts, settle }: JudgementAnswer): string[] =>
  verdict === 'yes' || verdict === 'assumed'
    ? []
    : [
        ...takeAt(all, reasons).map(({ remedy }) => remedy),
        ...facts.map(({ remedy }) => remedy),
        ...(reasons.length + facts.length > 0 ? [] : settle),
      ]

/** Adds what comes with the versions, and what becomes of each guest. */
function reportPreflight(report: Report, { steps, guests, obstacles }: NamedPreflight): void {
  reportFacts(report, steps)
  for (const step of steps) reportStep(report, step)
  const isPlain = (one: GuestPreflight) =>
    describeStart(obstacles, one) === '' && (steps.length === 0 || isSafe(roundTrip(one)))
  report.instead(() =>
    reportFlights(
      report,
      obstacles,
      guests.filter(one => !isPlain(one)),
      steps.length > 0,
    ),
  )
  report.details(() => reportFlights(report, obstacles, guests, steps.length > 0))
}

const isSafe = (verdict: Verdict): boolean => verdict === 'yes' || verdict === 'assumed'

/** @param moves whether hosts are upgraded, to which guests move; else only their next start is told */
function reportFlights(
  report: Report,
  all: Obstacles,
  guests: readonly GuestPreflight[],
  moves: boolean,
): void {
  const atStart = { title: 'at its next start', wraps: true } as const
  const flight = [{ title: 'there' }, { title: 'back' }, { title: 'why', wraps: true as const }]
  const rows = guests.map(one => ({
    guest: one.guest,
    cells: [...(moves ? flightCells(all, one) : []), describeStart(all, one)],
  }))
  report.table(
    [{ title: 'guest', wraps: true }, ...(moves ? flight : []), atStart],
    [...groupBy(rows, ({ cells }) => JSON.stringify(cells)).values()].map(some => [
      some.map(({ guest }) => guest).join(', '),
      ...(some[0]?.cells ?? []),
    ]),
  )
}

const flightCells = (all: Obstacles, { move, return: back }: GuestPreflight): Cell[] => [
  ...[move, back].map(({ verdict }) => ({
    text: verdict,
    tone: isSafe(verdict) ? ('good' as const) : ('bad' as const),
  })),
  [move, back]
    .map(found => describeJudgement(all, found))
    .filter(Boolean)
    .join('; '),
]

/** Adds what changes with versions, each once, with the hosts where it is not all of them. */
function reportFacts(report: Report, steps: readonly NamedStep[]): void {
  const told = steps.flatMap(({ hosts, facts, addedModels }) => [
    ...facts.map(({ tool, version, title }) => ({
      hosts,
      text: `since ${tool} ${version}: ${title}`,
      isModel: false,
    })),
    ...(addedModels.length > 0
      ? [{ hosts, text: `new models: ${addedModels.join(', ')}`, isModel: true }]
      : []),
  ])
  const all = steps.flatMap(({ hosts }) => hosts).length
  for (const [text, some] of groupBy(told, one => one.text)) {
    const hosts = some.flatMap(one => one.hosts)
    const where = hosts.length < all ? ` (${fewNames(hosts, 2)})` : ''
    const add = () => report.line(text + where)
    if (some[0]?.isModel) report.details(add)
    else add()
  }
}

function describeJudgement(
  all: Obstacles,
  { verdict, host, reasons, facts, settle }: JudgementAnswer,
): string {
  if (isSafe(verdict)) return ''
  if (host === null) return 'no host'
  return [
    ...(reasons.length > 0 ? [describeObstacles(takeAt(all, reasons))] : []),
    ...facts.map(({ tool, version, title }) => `${tool} ${version}: ${title}`),
    ...settle,
  ].join('; ')
}

/** `machine type is deprecated; gains vmx-mbec; cannot go back`; empty: nothing to say. */
function describeStart(all: Obstacles, { deprecated, atStart }: GuestPreflight): string {
  const { start, return: back, gained, lost } = atStart
  const names = (of: readonly Reason[]) => fewNames(of.map(({ feature }) => feature))
  return [
    ...(deprecated ? ['machine type is deprecated'] : []),
    ...(isSafe(start.verdict) ? [] : [`${STARTS[start.verdict]}: ${describeJudgement(all, start)}`]),
    ...(gained.length > 0 ? [`gains ${names(gained)}`] : []),
    ...(lost.length > 0 ? [`loses ${names(lost)}`] : []),
    ...(isSafe(back.verdict) || start.verdict === 'no'
      ? []
      : [`${RETURNS[back.verdict]}: ${describeJudgement(all, back)}`]),
  ].join('; ')
}

const STARTS: Readonly<Record<Verdict, string>> = {
  yes: '',
  assumed: '',
  unknown: 'may not start',
  no: 'does not start',
}

const RETURNS: Readonly<Record<Verdict, string>> = {
  yes: '',
  assumed: '',
  unknown: 'may not go back',
  no: 'cannot go back',
}

function reportStep(report: Report, step: NamedStep): void {
  const { hosts, gained, lost, unsure, removedModels, unknownVersions } = step
  const names = (of: readonly Reason[]) =>
    fewNames(
      of.map(({ feature }) => feature),
      6,
    )
  report.line(`${fewNames(hosts)}: ${sayUpgrade(step)}`)
  if (gained.length > 0) report.line({ text: '  given unasked: ', tone: 'good' }, names(gained))
  if (lost.length > 0) report.line({ text: '  no longer given: ', tone: 'bad' }, names(lost))
  if (unsure.length > 0) report.line('  perhaps no longer given unasked: ', names(unsure))
  if (removedModels.length > 0) report.line(`  models that are gone: ${fewNames(removedModels, 6)}`)
  // An action says how to find them out.
  report.details(() => {
    for (const { tool } of unknownVersions) report.line(`  ${tool} is not known, nor what changes with it`)
  })
}

/** `qemu 10.0 → 11.1, kernel 6.12` */
const sayUpgrade = ({ versionsBefore: from, versionsAfter: to }: NamedStep): string =>
  (['qemu', 'libvirt', 'kernel'] as const)
    .flatMap(tool =>
      to[tool] === null ? [] : `${tool} ${beforeAndAfter(from[tool] ?? '?', to[tool] ?? '')}`,
    )
    .join(', ')

/** `apply tsx-off` */
const nameChange = ({ kind, effect, title, hosts }: NamedChange): string =>
  kind === 'move'
    ? `move ${fewNames(hosts, 2)} to ${title ? poolName(title) : 'no pool'}`
    : `${kind} ${effect ?? (kind === 'upgrade' || kind === 'machine' ? title : fewNames(hosts, 2))}`

function sayChange({ kind, effect = '', title, hosts }: NamedChange): string {
  const name = title ? `${effect} (${title})` : effect
  const what =
    hosts.length > 0 ? `changes ${count(hosts.length, 'host')}: ${fewNames(hosts)}` : 'changes no host'
  if (kind === 'upgrade') return `upgrade ${title}: ${what}`
  if (kind === 'move') return `move to ${title ? poolName(title) : 'no pool'}: ${fewNames(hosts)}`
  return kind === 'apply' || kind === 'drop' ? `${kind} ${name}: ${what}` : `${kind} ${fewNames(hosts)}`
}

/** The effects there are, for people. */
function reportEffects(report: Report, effects: readonly EffectAnswer[]): void {
  report.finding(`${count(effects.length, 'effect')} that --apply and --drop take`)
  report.table(
    [
      { title: 'effect' },
      { title: 'kind' },
      { title: 'what it is', wraps: true },
      { title: 'gives', wraps: true },
      { title: 'takes', wraps: true },
    ],
    effects.map(({ effect, kind, title, gives, takes }) => [
      effect,
      kind,
      title,
      fewNames(gives, 2),
      fewNames(takes, 2),
    ]),
  )
}

/** The products there are, for people. */
function reportProducts(report: Report, products: readonly ProductAnswer[]): void {
  report.finding(`${count(products.length, 'product')} that --add and --replace take, as catalogue:PRODUCT`)
  report.table(
    [
      { title: 'product' },
      { title: 'silicon', wraps: true },
      { title: 'level' },
      { title: 'calls itself', wraps: true },
    ],
    products.map(({ product, brand, generation, since, level }) => [
      product,
      [generation ?? 'not known', ...(since === null ? [] : [String(since)])].join(', '),
      level ?? 'none',
      brand,
    ]),
  )
}
