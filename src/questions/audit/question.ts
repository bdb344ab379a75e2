import * as v from 'valibot'
import { globs } from '../../core/text.ts'
import type { Ignored } from '../../fleet/fleet.ts'
import { fleetInput, openFleetOfAny, viewsOf } from '../input/fleet/open-fleet.ts'
import { systemsOf } from '../level/question.ts'
import { question } from '../question.ts'
import { described, names } from '../schema.ts'
import { AuditAnswer, type AuditFinding, type AuditLine, type NamedFinding } from './answer.ts'
import { auditFleet } from './findings.ts'
import { subjectsOf } from './seen.ts'

export const auditQuestion = question({
  name: 'audit',
  summary: 'Say what hosts are vulnerable to, what guests believe of themselves, and where the two differ',
  input: v.strictObject({
    ...fleetInput,
    models: v.optional(names('Models that guests may be given, looked at as guests of every pool.')),
    guestOs: v.optional(names('What guests run, such as windows11: what breaks it is told too.')),
    today: v.optional(
      described(
        v.pipe(v.string(), v.isoDate('must be a day such as 2027-01-31')),
        'The day by which `ignore` of the fleet file is judged; absent: no entry has expired.',
      ),
    ),
  }),
  answer: AuditAnswer,
  report: async () => (await import('./report.ts')).reportAudit,
  run(context, { models = [], guestOs, today, ...input }) {
    const opened = openFleetOfAny(context, input)
    const systems = guestOs === undefined ? [] : systemsOf(guestOs, 'guestOs')
    const parts = viewsOf(opened).map(view => auditFleet(view, subjectsOf(view, models), systems))
    const all = parts.flatMap(({ findings }) => findings)
    const { findings, ignored } = withoutIgnored(all, opened.view.fleet.ignore ?? [], today)
    const lines = parts.flatMap(part => part.lines)
    return { answer: { findings: placed(findings, lines), ignored, lines }, notes: opened.notes }
  },
})

/** The findings with what they are about by its place among the lines. */
function placed(findings: readonly NamedFinding[], lines: readonly AuditLine[]): AuditFinding[] {
  const places = new Map(lines.map(({ kind, name }, place) => [`${kind} ${name}`, place]))
  const placesOf = (kind: AuditFinding['kind'], names: readonly string[]) =>
    names.flatMap(name => places.get(`${kind} ${name}`) ?? [])
  return findings.map(({ id, severity, subjects, kind, text, reason, hosts, ...rest }) => ({
    id,
    severity,
    inLines: placesOf(kind, subjects),
    kind,
    text,
    reason,
    ofLines: placesOf('host', hosts),
    ...rest,
  }))
}

/** The findings that still count; an entry that has expired, or that nothing fits any more, is one itself. */
function withoutIgnored(
  all: readonly NamedFinding[],
  entries: readonly Ignored[],
  today: string | undefined,
) {
  const fits = ({ id, of = ['*'] }: Ignored, finding: NamedFinding, subject: string) =>
    globs(id, finding.id) && of.some(pattern => globs(pattern, subject))
  const live = entries.filter(({ until }) => today === undefined || until >= today)
  const findings = all.flatMap(finding => {
    const subjects = finding.subjects.filter(subject => !live.some(entry => fits(entry, finding, subject)))
    return subjects.length > 0 ? [{ ...finding, subjects }] : []
  })
  const expired = entries.filter(entry => !live.includes(entry))
  const idle = live.filter(entry => !all.some(one => one.subjects.some(subject => fits(entry, one, subject))))
  return {
    findings: [
      ...expired.map(entry => ofEntry('ignore-expired', entry)),
      ...findings,
      ...idle.map(entry => ofEntry('ignore-idle', entry)),
    ],
    ignored: live
      .filter(entry => !idle.includes(entry))
      .map(({ id, reason, until }) => ({ id, reason, until })),
  }
}

const ofEntry = (id: 'ignore-expired' | 'ignore-idle', { id: of, until, reason }: Ignored): NamedFinding => ({
  id: `${id}:${of}`,
  severity: id === 'ignore-expired' ? 'danger' : 'note',
  kind: 'fleet',
  subjects: ['fleet.yaml'],
  text:
    id === 'ignore-expired'
      ? `was to ignore ${of} until ${until} (${reason})`
      : `ignores ${of}, which is no finding any more`,
  reason: '',
  hosts: [],
  remedy: id === 'ignore-expired' ? 'mend what it is about, or say a new day and why' : 'take the entry out',
  change: '',
  sources: [],
})
