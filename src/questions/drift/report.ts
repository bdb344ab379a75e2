import { hex } from '../../core/bits.ts'
import { count, fewNames } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reason } from '../answer-parts.ts'
import { addGuestActions, describeDelta, reportDelta } from '../what-if/report.ts'
import { hostNamesOf } from '../words/cells.ts'
import type { ChangeAnswer, DriftAnswer } from './answer.ts'

/** What changed about a host, what it was, and what it is, in words. */
function describeChange(change: ChangeAnswer): { what: string; before: string; now: string } {
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
      return { what: FIELDS[field], before: shown(field, from), now: shown(field, to) }
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

function shown(field: keyof typeof FIELDS, value: string | number | null): string {
  if (value === null) return UNKNOWN
  return field === 'microcode' && typeof value === 'number' ? `0x${hex(value, 1)}` : String(value)
}

/** What drifted, and what that does to pools and guests, for people. */
export function reportDrift(report: Report, answer: DriftAnswer): void {
  const { drifted, gone, added, changed, same } = answer
  if (!drifted) {
    report.finding({ text: `no drift: ${count(same, 'host')} as before`, tone: 'good' })
    return
  }
  report.finding(
    { text: 'drift', tone: answer.lost ? 'bad' : 'warning' },
    `: ${changed.length} changed, ${gone.length} gone, ${added.length} new, ${same} as before; ${describeDelta(answer)}`,
  )
  addActions(report, answer)
  if (gone.length > 0) report.line({ text: `gone: ${fewNames(gone, MANY)}`, tone: 'bad' })
  if (added.length > 0) report.line(`new: ${fewNames(added, MANY)}`)
  const rows = changed.flatMap(({ host, was, changes }) =>
    changes.map((change, i) => {
      const { what, before, now } = describeChange(change)
      const name = was ? `${host} (was ${was})` : host
      return [i === 0 ? name : '', { text: what, tone: toneOf(change) }, before, now]
    }),
  )
  report.table(
    [{ title: 'host' }, { title: 'what' }, { title: 'before' }, { title: 'now', wraps: true }],
    rows,
  )
  reportDelta(report, answer)
}

/** What was lost is to be found again: on the hosts that lost the same, what most lost first. */
function addActions(report: Report, answer: DriftAnswer): void {
  const losers = new Map<string, { hosts: string[]; lost: readonly Reason[]; with: Set<string> }>()
  for (const { host, changes } of answer.changed) {
    const lost = changes.flatMap(change => (change.field === 'features' ? change.lost : []))
    const others = changes.flatMap(change =>
      change.field === 'features' ? [] : describeChangeInLine(change),
    )
    if (lost.length === 0) continue
    const key = hostNamesOf(lost, Infinity)
    const alike = losers.get(key) ?? { hosts: [], lost, with: new Set() }
    alike.hosts.push(host)
    for (const other of others) alike.with.add(other)
    losers.set(key, alike)
  }
  for (const { hosts, lost, with: others } of [...losers.values()].sort(
    (a, b) => b.hosts.length - a.hosts.length,
  )) {
    const seen = others.size > 0 ? ` (${fewNames([...others], 1)})` : ''
    report.action(`find out why ${fewNames(hosts, 2)} lost ${hostNamesOf(lost, 3)}${seen}`)
  }
  addGuestActions(report, answer)
}

const MANY = 20

const toneOf = (change: ChangeAnswer): Tone =>
  change.field !== 'features' ? 'warning' : change.lost.length > 0 ? 'bad' : 'good'
