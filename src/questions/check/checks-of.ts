import type { CheckCase, CheckFailure, Checks } from '../../report/checks.ts'
import type { AuditAnswer } from '../audit/answer.ts'
import { nameFindings, sentence, subjectNames } from '../audit/report.ts'
import type { DriftAnswer } from '../drift/answer.ts'
import { describeChangeInLine } from '../drift/report.ts'
import { describeObstacles } from '../migrate/describe.ts'
import { hostsAt, poolName } from '../words/cells.ts'
import type { CheckAnswer } from './answer.ts'
import { DEMAND_TITLES } from './compute.ts'
import { describeUnknown } from './report.ts'

/** Files of hosts, by name: what a report's places are made of. */
export type HostFiles = ReadonlyMap<string, string>

/** A check as continuous integration is told: a case for each demand of each pool. */
export const checksOfCheck = ({ groups, verdicts }: CheckAnswer, files: HostFiles): Checks => ({
  name: 'virt-cpu check',
  rules: Object.entries(DEMAND_TITLES)
    .filter(([id]) => verdicts.some(({ kind }) => kind === id))
    .map(([id, title]) => ({ id, title })),
  cases: verdicts.map(({ requirement, kind, pool, failures, unknown }) => ({
    rule: kind,
    subject: poolName(pool),
    name: `${requirement}: ${kind}`,
    faults: [
      ...failures.map(({ text, remedy, inGroups }): CheckFailure => {
        const [host] = hostsAt(groups, inGroups)
        return {
          text: remedy ? `${text}; ${remedy}` : text,
          level: 'error',
          file: host === undefined ? undefined : files.get(host),
          about: host,
          key: [requirement, kind, pool, text].join(' '),
        }
      }),
      ...(unknown.length > 0
        ? [
            {
              text: describeUnknown(groups, unknown),
              level: 'unknown',
              key: [requirement, kind, pool].join(' '),
            } as const,
          ]
        : []),
    ],
  })),
})

/** An audit as continuous integration is told: a case for each finding of each host, pool, guest or model. */
export function checksOfAudit(answer: AuditAnswer, files: HostFiles): Checks {
  const { lines } = answer
  const findings = nameFindings(answer)
  const levels = { danger: 'error', warning: 'warning', note: 'note' } as const
  const cases = findings.flatMap(finding =>
    finding.subjects.map(
      (subject): CheckCase => ({
        rule: finding.id,
        subject: subjectNames(finding.kind, [subject])[0] ?? subject,
        name: finding.id,
        faults: [
          {
            text: sentence({ ...finding, subjects: [subject] }),
            level: levels[finding.severity],
            file: finding.kind === 'host' ? files.get(subject) : undefined,
            about: subject,
            key: [finding.id, subject].join(' '),
          },
        ],
      }),
    ),
  )
  const told = new Set(cases.map(({ subject }) => subject))
  const clean = lines.flatMap(({ kind, name }) => subjectNames(kind, [name])).filter(name => !told.has(name))
  const rules = [...new Map(findings.map(({ id, text }) => [id, text]))].map(([id, title]) => ({ id, title }))
  return {
    name: 'virt-cpu audit',
    rules: clean.length > 0 ? [...rules, { id: 'audit', title: 'nothing is found' }] : rules,
    cases: [...cases, ...clean.map(name => ({ rule: 'audit', subject: name, name: 'audit', faults: [] }))],
  }
}

const DRIFT_RULES = [
  { id: 'host-gone', title: 'a host is no longer there' },
  { id: 'host-new', title: 'a host was not there before' },
  { id: 'features-lost', title: 'a host lost features' },
  { id: 'host-changed', title: 'a host is not as it was' },
  { id: 'guest-stuck', title: 'a guest has nowhere to go any more' },
] as const

type DriftRule = (typeof DRIFT_RULES)[number]['id']

/** Drift as continuous integration is told: a case for each host that changed, and for each guest it shuts in. */
export function checksOfDrift(answer: DriftAnswer, files: HostFiles, failOn: 'any' | 'lost'): Checks {
  const mild = failOn === 'lost' ? 'note' : 'error'
  const one = (rule: DriftRule, about: string, text: string, level: CheckFailure['level']): CheckCase => ({
    rule,
    subject: about,
    name: RULE_TITLES[rule],
    faults: [{ text, level, file: files.get(about), about, key: [rule, about, text].join(' ') }],
  })
  const cases = [
    ...answer.gone.map(host => one('host-gone', host, `${host} is no longer there`, 'error')),
    ...answer.added.map(host => one('host-new', host, `${host} is new`, mild)),
    ...answer.changed.map(({ host, changes }) => {
      const lost = changes.some(change => change.field === 'features' && change.lost.length > 0)
      const text = `${host}: ${changes.map(describeChangeInLine).join('; ')}`
      return one(lost ? 'features-lost' : 'host-changed', host, text, lost ? 'error' : mild)
    }),
    ...answer.guests
      .filter(({ stuck, own }) => stuck || own === 'closed')
      .map(({ guest, obstacles: why }) =>
        one(
          'guest-stuck',
          guest,
          `guest ${guest}: the host it could go to ${describeObstacles(why)}`,
          'error',
        ),
      ),
  ]
  const same: CheckCase[] =
    answer.same > 0
      ? [{ rule: 'host-changed', subject: 'the fleet', name: `${answer.same} as before`, faults: [] }]
      : []
  return { name: 'virt-cpu drift', rules: DRIFT_RULES, cases: [...cases, ...same] }
}

const RULE_TITLES = Object.fromEntries(DRIFT_RULES.map(({ id, title }) => [id, title])) as Readonly<
  Record<DriftRule, string>
>
