import { count, fewNames } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import { describeObstacles } from '../migrate/describe.ts'
import type { Reporter } from '../question.ts'
import { figure, poolName, VALUE } from '../words/cells.ts'
import type {
  ChangeDone,
  DeltaAnswer,
  EffectAnswer,
  EffectsAnswer,
  GuestDeltaAnswer,
  PoolDeltaAnswer,
  PoolSummary,
  WhatIfAnswer,
} from './answer.ts'

/** What a change does to pools and guests, in a sentence: `1 pool changes, losing 2 features; 1 guest gets stuck`. */
export function describeDelta({ pools, guests }: DeltaAnswer): string {
  if (pools.length + guests.length === 0) return 'nothing changes for pools and guests'
  const [gained, lost] = [countAll(pools, 'gained'), countAll(pools, 'lost')]
  const features = [
    ...(lost > 0 ? [`lose ${count(lost, 'feature')}`] : []),
    ...(gained > 0 ? [`gain ${count(gained, 'feature')}`] : []),
  ]
  const changes = `${count(pools.length, 'pool')} ${pools.length === 1 ? 'changes' : 'change'}`
  const what =
    features.length > 0
      ? `${changes}, whose guests ${features.join(' and ')}`
      : `${changes}, its guests' CPU does not`
  return [
    ...(pools.length > 0 ? [pools.length > 1 ? what.replace('its guests', 'their guests') : what] : []),
    ...countGuests(guests),
  ].join('; ')
}

const countAll = (pools: readonly PoolDeltaAnswer[], key: 'gained' | 'lost'): number =>
  pools.reduce((sum, pool) => sum + pool[key].length, 0)

/** Adds what to do about guests that a change leaves without a place. */
export function addGuestActions(report: Report, { guests }: DeltaAnswer): void {
  const add = (some: readonly GuestDeltaAnswer[], what: string, gain: string) => {
    const names = some.map(({ guest }) => guest)
    if (names.length > 0) report.action(`${what} ${fewNames(names, 3)}`, { gain })
  }
  const gone = guests.filter(({ own }) => own === 'gone')
  add(
    gone.filter(({ after }) => after === 0),
    'stop, before the change,',
    'no other host takes them',
  )
  add(
    gone.filter(({ after }) => after > 0),
    'move to other hosts, before the change,',
    'they run on',
  )
  const shut = guests.filter(({ own, stuck }) => own !== 'gone' && (own === 'closed' || stuck))
  add(shut, "power off and start with the pool's CPU, after the change,", 'they can move again')
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
    for (const { pool, gained, lost } of pools) {
      const names = (of: readonly Reason[]) =>
        fewNames(
          of.map(({ feature }) => feature),
          6,
        )
      if (lost.length > 0) report.line({ text: `${poolName(pool)} loses `, tone: 'bad' }, names(lost))
      if (gained.length > 0) report.line({ text: `${poolName(pool)} gains `, tone: 'good' }, names(gained))
    }
  })
  if (guests.length > 0) reportGuests(report, guests)
}

const hostsOf = (of: PoolSummary | null) => (of ? `${of.hosts}` : '-')
const featuresOf = (of: PoolSummary | null) => (of ? `${of.features}` : '-')
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

function reportPool(report: Report, { pool, before, after, gained, lost }: PoolDeltaAnswer): void {
  const fate = !before ? ' is new' : !after ? ' is gone' : ''
  report.heading(`${poolName(pool)}${fate}`)
  const state = (name: string, of: PoolSummary | null) =>
    of ? [[name, `${of.hosts}`, `${of.features}`, of.level ?? '-', of.model ?? 'none', figure(of.value)]] : []
  report.table(STATE, [...state('before', before), ...state('after', after)])
  reportFeatures(report, 'loses', lost, 'bad')
  reportFeatures(report, 'gains', gained, 'good')
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
      guest.why.length > 0 ? describeObstacles(guest.why) : '',
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

const fateOf = ({ own, stuck, freed, after }: GuestDeltaAnswer): string =>
  [
    ...(own === 'gone' ? [after > 0 ? 'must move' : 'must be stopped'] : []),
    ...(own === 'closed' ? ['cannot come back'] : []),
    ...(stuck && own !== 'gone' ? ['no other host'] : []),
    ...(freed ? [`${count(after, 'other host')}`] : []),
  ].join(', ')

/** Adds the changes and what they would do, or the list of effects. */
export const reportWhatIf: Reporter<WhatIfAnswer | EffectsAnswer> = (report, answer) => {
  if ('effects' in answer) return reportEffects(report, answer.effects)
  const { changes } = answer
  report.finding(`${changes.map(nameChange).join(', ')}: ${describeDelta(answer)}`)
  addGuestActions(report, answer)
  for (const change of changes) {
    // The finding names the first.
    if (change.effect !== undefined || change.hosts.length > 3) report.line(sayChange(change))
  }
  reportDelta(report, answer)
}

/** `apply tsx-off` */
const nameChange = ({ kind, effect, hosts }: ChangeDone): string => `${kind} ${effect ?? fewNames(hosts, 2)}`

function sayChange({ kind, effect = '', title, hosts }: ChangeDone): string {
  const name = title ? `${effect} (${title})` : effect
  const what =
    hosts.length > 0 ? `changes ${count(hosts.length, 'host')}: ${fewNames(hosts)}` : 'changes no host'
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
