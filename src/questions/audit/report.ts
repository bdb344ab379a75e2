import { printSignature } from '../../core/model.ts'
import { count, fewNames } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { poolName } from '../words/cells.ts'
import { type AuditAnswer, type AuditFinding, type AuditLine, SEVERITIES } from './answer.ts'

const TONES: Readonly<Record<AuditFinding['severity'], Tone>> = {
  danger: 'bad',
  warning: 'warning',
  note: 'quiet',
}

/** So many findings stand at first sight with what to do; the table beneath has all by name. */
const MOST_TOLD = 4

/** Adds the worst findings with what to do, then all by name, then what hosts are and guests believe. */
export const reportAudit: Reporter<AuditAnswer> = (report, { findings, ignored, lines }) => {
  report.line(...headline(findings))
  const told = findings.slice(0, MOST_TOLD)
  report.table(
    [{ title: '' }, { title: '', wraps: true }],
    told.map(one => [{ text: one.severity, tone: TONES[one.severity] }, tellWith(one)]),
  )
  for (const { id, change } of told)
    if (change !== '') {
      report.line(`${id} goes, in <cpu>, with`)
      report.code(`${change}\n`)
    }
  if (findings.length > 0) report.subheading('Findings')
  report.table(
    [{ title: '' }, { title: 'finding' }, { title: 'of', wraps: true }],
    findings.map(({ severity, id, kind, subjects }) => [
      { text: severity, tone: TONES[severity] },
      id,
      fewNames(subjectNames(kind, subjects), 6),
    ]),
  )
  if (ignored.length > 0)
    report.line(`${count(ignored.length, 'finding')} ignored: ${ignored.map(sayIgnored).join('; ')}`)
  addBeliefs(report, lines)
}

function headline(findings: readonly AuditFinding[]) {
  const parts = SEVERITIES.flatMap(severity => {
    const number = findings.filter(one => one.severity === severity).length
    return number > 0 ? [count(number, severity)] : []
  })
  const worst = findings[0]?.severity
  return parts.length === 0
    ? [{ text: 'nothing found', tone: 'good' as const }]
    : [{ text: parts.join(', '), tone: worst ? TONES[worst] : ('good' as const) }]
}

const sayIgnored = ({ id, reason, until }: AuditAnswer['ignored'][number]): string =>
  `${id} until ${until} (${reason})`

/** A finding in a line. */
export const sentence = ({ subjects, kind, text, reason, remedy }: AuditFinding): string =>
  [
    `${wordFor(kind, subjects.length)}${fewNames(subjectNames(kind, subjects))}: ${text}`,
    ...(reason ? [` (${reason})`] : []),
    ...(remedy ? [`; ${remedy}`] : []),
  ].join('')

/** Subjects as people call them. */
export const subjectNames = (kind: AuditFinding['kind'], names: readonly string[]): readonly string[] =>
  kind === 'pool' ? names.map(poolName) : names

const wordFor = (kind: AuditFinding['kind'], number: number): string =>
  kind === 'guest' || kind === 'model' ? `${kind}${number === 1 ? '' : 's'} ` : ''

const tellWith = (one: AuditFinding): string => `${one.id}: ${sentence(one)}`

/** A line for each vulnerability that some host has or some guest believes in. */
function addBeliefs(report: Report, lines: readonly AuditLine[]): void {
  const hosts = lines.filter(({ kind }) => kind === 'host')
  const pools = lines.filter(({ kind }) => kind === 'pool')
  const guests = lines.filter(({ kind }) => kind === 'guest' || kind === 'model')
  const known = [...new Set(lines.flatMap(line => line.vulnerabilities.map(({ name }) => name)))]
  const rows = known.map(name => [hosts, pools, guests].map(some => sayAll(some, name)).toSpliced(0, 0, name))
  report.subheading('What hosts are, and what guests believe')
  report.table(
    [{ title: 'vulnerability' }, { title: 'hosts' }, { title: 'pools’ guests' }, { title: 'guests' }],
    rows.filter(([, ...said]) => said.some(words => words.startsWith('yes'))),
  )
  for (const { kind, name, signature, shares } of guests)
    if (shares)
      report.line(
        `${kind} ${name} starts as ${signature ? printSignature(signature) : 'not known'}, which launch measurements of SEV-SNP hold: `,
        shares.length > 0
          ? `${fewNames(shares, 8)} keep it, and so do features; any other model does not`
          : 'no other model keeps it; features do',
      )
}

/** `yes 2, no 1`. */
function sayAll(lines: readonly AuditLine[], name: string): string {
  const all = lines.flatMap(line => line.vulnerabilities.filter(one => one.name === name))
  return (['yes', 'no', 'unknown'] as const)
    .flatMap(word => {
      const number = all.filter(({ affected }) => affected === word).length
      return number > 0 ? [`${word} ${number}`] : []
    })
    .join(', ')
}
