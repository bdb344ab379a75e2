import { count } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { poolName } from '../words/cells.ts'
import type { CheckAnswer } from './answer.ts'

/** Whether each demand is kept, and why not, for people. */
export function reportCheck(report: Report, { passed, verdicts }: CheckAnswer): void {
  const failed = verdicts.filter(verdict => !verdict.passed)
  report.line(
    passed
      ? { text: `passed: ${count(verdicts.length, 'demand')} kept`, tone: 'good' }
      : { text: `failed: ${failed.length} of ${count(verdicts.length, 'demand')} not kept`, tone: 'bad' },
  )
  report.table(
    [{ title: '' }, { title: 'requirement' }, { title: 'demand' }, { title: 'pool' }],
    verdicts.map(({ requirement, kind, pool, passed: kept }) => [
      kept ? { text: 'pass', tone: 'good' } : { text: 'FAIL', tone: 'bad' },
      requirement,
      kind,
      poolName(pool),
    ]),
  )
  for (const { requirement, kind, pool, failures } of failed) {
    report.heading(`${requirement}, ${kind}, ${poolName(pool)}`)
    for (const { text, remedy } of failures) {
      report.line(`  ${text}`)
      if (remedy) report.line(`    → ${remedy}`)
    }
  }
}
