import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import type { Tone } from '../../report/styled-text.ts'
import { reportDelta } from '../what-if/report-delta.ts'
import type { ChangeAnswer, DriftAnswer } from './answer.ts'
import { describeChange } from './describe.ts'

/** What drifted, and what that does to pools and guests, for people. */
export function reportDrift(report: Report, answer: DriftAnswer): void {
  const { drifted, gone, added, changed, same } = answer
  if (!drifted) {
    report.line({ text: `no drift: ${count(same, 'host')} as before`, tone: 'good' })
    return
  }
  report.line(`${changed.length} changed, ${gone.length} gone, ${added.length} new, ${same} as before`)
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

const MANY = 20

const toneOf = (change: ChangeAnswer): Tone =>
  change.field !== 'features' ? 'warning' : change.lost.length > 0 ? 'bad' : 'good'
