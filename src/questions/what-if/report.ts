import { count, fewNames } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import { describeObstacles } from '../migrate/describe.ts'
import type { Reporter } from '../question.ts'
import { poolName } from '../words/cells.ts'
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

/** What a change does to pools and guests, for people. */
export function reportDelta(report: Report, { pools, guests }: DeltaAnswer): void {
  if (pools.length + guests.length === 0)
    report.line({ text: 'nothing changes for pools and guests', tone: 'good' })
  for (const pool of pools) reportPool(report, pool)
  if (guests.length > 0) reportGuests(report, guests)
}

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
    of ? [[name, `${of.hosts}`, `${of.features}`, of.level ?? 'none', of.model ?? 'none', `${of.value}`]] : []
  report.table(STATE, [...state('before', before), ...state('after', after)])
  reportFeatures(report, 'loses', lost, 'bad')
  reportFeatures(report, 'gains', gained, 'good')
}

/** More are in `--json`. */
const MOST = 40

function reportFeatures(report: Report, word: string, features: readonly Reason[], tone: Tone): void {
  if (features.length === 0) return
  report.line(`${word} ${count(features.length, 'feature')}:`)
  report.table(
    [{ title: '' }, { title: '' }, { title: '', wraps: true }],
    features.slice(0, MOST).map(({ feature, place, title }) => [{ text: feature, tone }, place, title]),
  )
  if (features.length > MOST) report.line(`  and ${features.length - MOST} more; --json has all`)
}

function reportGuests(report: Report, guests: readonly GuestDeltaAnswer[]): void {
  const counts = [
    ...countOf(
      'gets stuck',
      'get stuck',
      guests.filter(({ stuck }) => stuck),
    ),
    ...countOf(
      'cannot come back',
      'cannot come back',
      guests.filter(({ own }) => own === 'closed'),
    ),
    ...countOf(
      'loses its host',
      'lose their host',
      guests.filter(({ own }) => own === 'gone'),
    ),
    ...countOf(
      'is free to move',
      'are free to move',
      guests.filter(({ freed }) => freed),
    ),
  ]
  report.heading(`guests: ${counts.join(', ')}`)
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
  for (const change of answer.changes) report.line(sayChange(change))
  reportDelta(report, answer)
}

function sayChange({ kind, effect = '', title, hosts }: ChangeDone): string {
  const name = title ? `${effect} (${title})` : effect
  const what =
    hosts.length > 0 ? `changes ${count(hosts.length, 'host')}: ${fewNames(hosts)}` : 'changes no host'
  return kind === 'apply' || kind === 'drop' ? `${kind} ${name}: ${what}` : `${kind} ${fewNames(hosts)}`
}

/** The effects there are, for people. */
const reportEffects = (report: Report, effects: readonly EffectAnswer[]): void =>
  report.table(
    [
      { title: 'effect' },
      { title: 'kind' },
      { title: 'what it is', wraps: true },
      { title: 'gives' },
      { title: 'takes' },
    ],
    effects.map(({ effect, kind, title, gives, takes }) => [
      effect,
      kind,
      title,
      fewNames(gives, 2),
      fewNames(takes, 2),
    ]),
  )
