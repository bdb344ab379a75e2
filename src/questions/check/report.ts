import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { poolName } from '../words/cells.ts'
import type { CheckAnswer, VerdictAnswer } from './answer.ts'

/** Whether each demand is kept, and why not, for people. */
export function reportCheck(report: Report, { passed, verdicts }: CheckAnswer): void {
  const open = verdicts.filter(verdict => verdict.passed && verdict.unknown.length > 0).length
  const unsure = open > 0 ? `, ${open} unknown` : ''
  const failed = verdicts.filter(verdict => !verdict.passed)
  report.line(
    passed
      ? { text: `passed: ${count(verdicts.length - open, 'demand')} kept${unsure}`, tone: 'good' }
      : { text: `failed: ${failed.length} of ${count(verdicts.length, 'demand')} not kept`, tone: 'bad' },
  )
  report.table(
    [{ title: '' }, { title: 'requirement' }, { title: 'demand' }, { title: 'pool' }],
    verdicts.map(({ requirement, kind, pool, passed: kept, unknown }) => [
      kept
        ? { text: unknown.length > 0 ? 'unknown' : 'pass', tone: unknown.length > 0 ? 'warning' : 'good' }
        : { text: 'FAIL', tone: 'bad' },
      requirement,
      kind,
      poolName(pool),
    ]),
  )
  for (const { requirement, kind, pool, unknown } of verdicts) {
    if (unknown.length === 0) continue
    report.line(
      { text: 'unknown  ', tone: 'warning' },
      `${requirement}, ${kind}, ${poolName(pool)}: ${describeUnknown(unknown)}`,
    )
  }
  for (const { requirement, kind, pool, failures } of failed) {
    report.heading(`${requirement}, ${kind}, ${poolName(pool)}`)
    for (const { text, remedy } of failures) {
      report.line(`  ${text}`)
      if (remedy) report.line(`    → ${remedy}`)
    }
  }
}

/** `cx16 not known on a, b: `virsh domcapabilities` there settles it`, and of guests. */
export function describeUnknown(unknown: VerdictAnswer['unknown']): string {
  const about = (of: (one: VerdictAnswer['unknown'][number]) => readonly string[]) => {
    const some = unknown.filter(one => of(one).length > 0)
    const names = [...new Set(some.flatMap(of))]
    return { names, features: fewNames(some.map(({ feature }) => feature)) }
  }
  const hosts = about(one => one.hosts)
  const guests = about(({ guests: names = [] }) => names)
  return [
    ...(hosts.names.length > 0
      ? [
          `${hosts.features} not known on ${fewNames(hosts.names)}; \`virsh domcapabilities\` there settles it`,
        ]
      : []),
    ...(guests.names.length > 0
      ? [
          `${guests.features} not known of guest ${fewNames(guests.names)}; \`virsh dumpxml\` of it as it runs settles it`,
        ]
      : []),
  ].join('; ')
}
