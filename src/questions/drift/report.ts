import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import { describeDelta, type GuestAction, guestActions, reportDelta } from '../what-if/report.ts'
import { hostNamesOf, isRemedy } from '../words/cells.ts'
import type { ChangeAnswer, ChangedHostAnswer, DriftAnswer } from './answer.ts'

/** What changed about a host, what it was, and what it is, in words. */
export function describeChange(change: ChangeAnswer): { what: string; before: string; now: string } {
  switch (change.field) {
    case 'features': {
      const before = change.lost.length > 0 ? `lost ${hostNamesOf(change.lost, MANY_FEATURES)}` : ''
      const now = change.gained.length > 0 ? `gained ${hostNamesOf(change.gained, MANY_FEATURES)}` : ''
      return { what: 'features', before, now }
    }
    case 'vulnerability':
      return { what: change.name, before: change.from ?? UNKNOWN, now: change.to ?? UNKNOWN }
    default: {
      const { field, from, to } = change
      return { what: FIELDS[field], before: from ?? UNKNOWN, now: to ?? UNKNOWN }
    }
  }
}

/** The same in a line. */
export function describeChangeInLine(change: ChangeAnswer): string {
  const { what, before, now } = describeChange(change)
  return change.field === 'features'
    ? [before, now].filter(Boolean).join(', ')
    : `${what} was ${before}, is ${now}`
}

const MANY_FEATURES = 20
const UNKNOWN = 'not known'

const FIELDS = {
  model: 'model',
  vendor: 'vendor',
  signature: 'signature',
  microcode: 'microcode',
  physBits: 'address bits',
  tscHz: 'TSC Hz',
} as const

/** What drifted, in a sentence. */
export function describeDrift(answer: DriftAnswer): string {
  const { drifted, gone, added, changed, same } = answer
  if (!drifted) return `no drift: ${count(same, 'host')} as before`
  return `drift: ${changed.length} changed, ${gone.length} gone, ${added.length} new, ${same} as before; ${describeDelta(answer)}`
}

/** Hosts that changed in the same way. */
interface ChangedAlike {
  /** `kvm-a01`, `kvm-a02 (was old-02)` */
  readonly hosts: readonly string[]
  readonly changes: readonly ChangeAnswer[]
}

/** The hosts by what changed about them, most hosts first. */
export const groupChanges = ({ changed }: Pick<DriftAnswer, 'changed'>): ChangedAlike[] =>
  [...groupBy(changed, ({ changes }) => JSON.stringify(changes)).values()]
    .map(alike => ({
      hosts: alike.map(({ host, was }) => (was ? `${host} (was ${was})` : host)),
      changes: alike[0]?.changes ?? [],
    }))
    .sort((a, b) => b.hosts.length - a.hosts.length)

/** What drifted, and what that does to pools and guests, for people. */
export function reportDrift(report: Report, answer: DriftAnswer): void {
  const { drifted, gone, added } = answer
  const [word = '', ...rest] = describeDrift(answer).split(/(?=:)/)
  report.finding({ text: word, tone: !drifted ? 'good' : answer.hasLost ? 'bad' : 'warning' }, rest.join(''))
  if (!drifted) return
  for (const { what, gain } of driftActions(answer)) report.action(what, gain === '' ? {} : { gain })
  if (gone.length > 0) report.line({ text: `gone: ${fewNames(gone, MANY)}`, tone: 'bad' })
  if (added.length > 0) report.line(`new: ${fewNames(added, MANY)}`)
  report.instead(() => reportChanges(report, answer, 2))
  report.details(() => reportChanges(report, answer, Infinity))
  reportDelta(report, answer)
}

/** @param most how many hosts of the same changes are named */
function reportChanges(report: Report, answer: DriftAnswer, most: number): void {
  const rows = groupChanges(answer).flatMap(({ hosts, changes }) =>
    changes.map((change, i) => {
      const { what, before, now } = describeChange(change)
      return [i === 0 ? fewNames(hosts, most) : '', { text: what, tone: toneOf(change) }, before, now]
    }),
  )
  report.table(
    [{ title: 'host', wraps: true }, { title: 'what' }, { title: 'before' }, { title: 'now', wraps: true }],
    rows,
  )
}

/** What was lost is to be brought back: on the hosts that lost the same, most hosts first; then what guests need. */
export function driftActions(answer: DriftAnswer): GuestAction[] {
  const lossOf = ({ changes }: ChangedHostAnswer) =>
    changes.flatMap(change => (change.field === 'features' ? change.lost : []))
  const losers = groupBy(
    answer.changed.filter(host => lossOf(host).length > 0),
    host => JSON.stringify(lossOf(host)),
  )
  const back = [...losers.values()]
    .sort((a, b) => b.length - a.length)
    .map(alike => {
      const hosts = fewNames(
        alike.map(({ host }) => host),
        2,
      )
      const [lost, remedy] = [alike[0] ? lossOf(alike[0]) : [], commonRemedy(alike.flatMap(lossOf))]
      const names = hostNamesOf(lost, 3)
      if (remedy !== undefined) return { what: `${remedy} on ${hosts}`, gain: `${names} come back` }
      const others = alike.flatMap(({ changes }) =>
        changes.flatMap(change => (change.field === 'features' ? [] : describeChangeInLine(change))),
      )
      const seen = others.length > 0 ? ` (${fewNames([...new Set(others)], 1)})` : ''
      return { what: `find out why ${hosts} lost ${names}${seen}`, gain: '' }
    })
  return [...back, ...guestActions(answer)]
}

/** The one thing to do that brings all of it back, where the cause is certain enough to be acted on. */
function commonRemedy(lost: readonly { cause: string; confidence: string; remedy: string }[]) {
  const [first] = lost
  const isOne = lost.every(({ remedy }) => remedy === first?.remedy)
  const known = first && first.cause !== 'unknown' && first.confidence !== 'low' && isRemedy(first.remedy)
  return isOne && known ? first.remedy : undefined
}

const MANY = 20

const toneOf = (change: ChangeAnswer): Tone =>
  change.field !== 'features' ? 'warning' : change.lost.length > 0 ? 'bad' : 'good'
