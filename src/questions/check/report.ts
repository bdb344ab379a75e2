import { count, fewNames } from '../../core/text.ts'
import type { Cell, Report } from '../../report/report.ts'
import { addKeptLine, hostsAt, isRemedy, poolName, shortRemedy } from '../words/cells.ts'
import type { CheckAnswer, FailureAnswer, VerdictAnswer } from './answer.ts'

/** Whether each check passes, what to do where it is not, and why not. */
export function reportCheck(report: Report, { groups, passed, verdicts, keptCpus }: CheckAnswer): void {
  const open = verdicts.filter(isOpen).length
  const unsure = open > 0 ? `, ${open} unknown` : ''
  const failed = verdicts.filter(verdict => !verdict.passed)
  report.finding(
    passed
      ? { text: `passed: ${count(verdicts.length - open, 'check')}${unsure}`, tone: 'good' }
      : {
          text: `failed: ${failed.length} of ${count(verdicts.length, 'check')}${unsure}`,
          tone: 'bad',
        },
  )
  addKeptLine(report, keptCpus)
  addActions(report, groups, failed)
  const order = (verdict: VerdictAnswer) => (verdict.passed ? (isOpen(verdict) ? 1 : 2) : 0)
  report.table(
    [
      { title: '' },
      { title: 'requirement', wraps: true },
      { title: 'kind' },
      { title: 'pool' },
      { title: 'broken by', wraps: true },
    ],
    [...verdicts].sort((a, b) => order(a) - order(b)).map(verdict => rowOf(groups, verdict)),
  )
  for (const { requirement, kind, pool, unknown } of verdicts) {
    if (unknown.length === 0) continue
    report.line(
      { text: 'unknown  ', tone: 'warning' },
      `${requirement}, ${kind}, ${poolName(pool)}: ${describeUnknown(groups, unknown)}`,
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

const isOpen = ({ passed, unknown }: VerdictAnswer): boolean => passed && unknown.length > 0

type Groups = CheckAnswer['groups']

/** What breaks a check: hosts, or a guest. */
const breakersOf = (groups: Groups, { inGroups, guest }: FailureAnswer): readonly string[] =>
  guest === undefined ? hostsAt(groups, inGroups) : [`guest ${guest}`]

function rowOf(groups: Groups, verdict: VerdictAnswer): Cell[] {
  const { requirement, kind, pool, passed, failures } = verdict
  const breakers = [...new Set(failures.flatMap(failure => breakersOf(groups, failure)))]
  return [
    passed
      ? { text: isOpen(verdict) ? 'unknown' : 'pass', tone: isOpen(verdict) ? 'warning' : 'good' }
      : { text: 'FAIL', tone: 'bad' },
    requirement,
    kind,
    poolName(pool),
    fewNames(breakers, 2),
  ]
}

/** What remedies failures, what remedies most of them first. */
function addActions(report: Report, groups: Groups, failed: readonly VerdictAnswer[]): void {
  const remedies = new Map<string, { about: Set<string>; of: Set<VerdictAnswer>; failures: number }>()
  for (const verdict of failed) {
    for (const failure of verdict.failures) {
      const { remedy } = failure
      if (!isRemedy(remedy)) continue
      const one = remedies.get(remedy) ?? { about: new Set(), of: new Set(), failures: 0 }
      for (const name of breakersOf(groups, failure)) one.about.add(name)
      one.of.add(verdict)
      one.failures++
      remedies.set(remedy, one)
    }
  }
  const most = [...remedies].sort(([, a], [, b]) => b.failures - a.failures)
  for (const [remedy, { about, of, failures }] of most) {
    const where = about.size > 0 ? `${fewNames([...about], 2)}: ` : ''
    const gain = `fixes ${count(failures, 'failure')} of ${count(of.size, 'check')}`
    report.action(where + shortRemedy(remedy), { gain })
  }
}

/** `cx16 not known on a, b: `virsh domcapabilities` there settles it`, and of guests. */
export function describeUnknown(groups: Groups, unknown: VerdictAnswer['unknown']): string {
  const about = (of: (one: VerdictAnswer['unknown'][number]) => readonly string[]) => {
    const some = unknown.filter(one => of(one).length > 0)
    const names = [...new Set(some.flatMap(of))]
    return { names, features: fewNames(some.map(({ feature }) => feature)) }
  }
  const hosts = about(({ inGroups }) => hostsAt(groups, inGroups))
  const guests = about(({ guestNames: names = [] }) => names)
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
