import { printSignature } from '../../core/model.ts'
import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Report, StyledText, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { isRemedy, poolName, shapeOf } from '../words/cells.ts'
import { type AuditAnswer, type AuditLine, type NamedFinding, SEVERITIES } from './answer.ts'

const TONES: Readonly<Record<NamedFinding['severity'], Tone>> = {
  danger: 'bad',
  warning: 'warning',
  note: 'quiet',
}

/** The worst of what was found and what to do, then all by name, then what hosts are and guests believe. */
export const reportAudit: Reporter<AuditAnswer> = (report, answer) => {
  const { ignored, lines } = answer
  const findings = nameFindings(answer)
  report.finding(headline(findings), describeSeen(lines))
  addActions(report, findings, lines)
  addBlind(report, lines)
  report.instead(() => reportKinds(report, findings))
  report.details(() => reportEach(report, findings))
  if (ignored.length > 0)
    report.line(`${count(ignored.length, 'finding')} ignored: ${ignored.map(sayIgnored).join('; ')}`)
  report.details(() => addBeliefs(report, lines))
}

/** The findings with the names of what they are about. */
export function nameFindings({ findings, lines }: AuditAnswer): NamedFinding[] {
  const names = (places: readonly number[]) => places.flatMap(place => lines[place]?.name ?? [])
  return findings.map(({ inLines, ofLines, ...finding }) => ({
    ...finding,
    subjects: finding.kind === 'fleet' ? ['fleet.yaml'] : names(inLines),
    hosts: names(ofLines),
  }))
}

/** The same finding, about whatever, is one. */
const kindsOf = (findings: readonly NamedFinding[]) =>
  groupBy(findings, ({ severity, id }) => `${severity} ${id}`)

/** `7 dangers, 3 warnings, 5 notes`: kinds of findings. */
function headline(findings: readonly NamedFinding[]): StyledText {
  const kinds = [...kindsOf(findings).values()]
  const parts = SEVERITIES.flatMap(severity => {
    const number = kinds.filter(([one]) => one?.severity === severity).length
    return number > 0 ? [count(number, severity)] : []
  })
  const worst = findings[0]?.severity
  return { text: parts.join(', ') || 'nothing found', tone: worst ? TONES[worst] : 'good' }
}

/** ` in 40 hosts, 2 pools, 9 guests`: what was looked at. */
const describeSeen = (lines: readonly AuditLine[]): string =>
  ` in ${[...groupBy(lines, ({ kind }) => kind)].map(([kind, { length }]) => count(length, kind)).join(', ')}`

/** What to do, by what it ends: the dangers first, then most findings; the same elsewhere is one. */
function addActions(report: Report, findings: readonly NamedFinding[], lines: readonly AuditLine[]): void {
  const hosts = new Set(lines.flatMap(({ kind, name }) => (kind === 'host' ? name : [])))
  const fixable = findings.filter(({ remedy }) => isRemedy(remedy))
  const actions = [...groupBy(fixable, ({ remedy }) => shapeOf(remedy, hosts)).values()]
  const dangers = (some: readonly NamedFinding[]) => some.filter(one => one.severity === 'danger').length
  actions.sort((a, b) => dangers(b) - dangers(a) || b.length - a.length)
  for (const some of actions) {
    const [remedy = '', ...likewise] = new Set(some.map(one => one.remedy))
    const named = (of: readonly NamedFinding[]) => [
      ...new Set(
        of.flatMap(({ kind, subjects }) =>
          subjectNames(kind, subjects).map(name => (kind === 'guest' ? `guest ${name}` : name)),
        ),
      ),
    ]
    const own = named(some.filter(one => one.remedy === remedy))
    const others = named(some.filter(one => likewise.includes(one.remedy))).filter(
      name => !own.includes(name),
    )
    const also = others.length > 0 ? `; likewise ${fewNames(others, 2)}` : ''
    const kinds = [...kindsOf(some).values()].flatMap(([one]) => one ?? [])
    const ends = fewNames(
      kinds.map(({ severity, id }) => `${severity} ${id}`),
      2,
    )
    report.action(`${fewNames(own, 2)}: ${remedy}${also}`, { gain: `ends ${ends}` })
  }
}

/** Says of which hosts nothing is known: that nothing was found there says nothing. */
function addBlind(report: Report, lines: readonly AuditLine[]): void {
  const blind = lines.flatMap(({ kind, name, vulnerabilities }) =>
    kind === 'host' && vulnerabilities.every(({ affected }) => affected === 'unknown') ? name : [],
  )
  if (blind.length === 0) return
  report.finding({ text: `of ${fewNames(blind, 2)} nothing is known`, tone: 'warning' })
  report.action('record what /sys/devices/system/cpu/vulnerabilities says', {
    on: blind,
    gain: 'what they are vulnerable to is known',
  })
}

/** Adds a row for each kind of finding. */
const reportKinds = (report: Report, findings: readonly NamedFinding[]): void =>
  report.table(
    [{ title: '' }, { title: 'of', wraps: true }, { title: 'finding', wraps: true }],
    [...kindsOf(findings).values()].flatMap(some =>
      some
        .slice(0, 1)
        .map(one => [
          { text: one.severity, tone: TONES[one.severity] },
          fewNames([...new Set(some.flatMap(({ kind, subjects }) => subjectNames(kind, subjects)))], 2),
          textOf(some),
        ]),
    ),
  )

/** What is so, by all hosts together where they differ. */
function textOf(some: readonly NamedFinding[]): string {
  const [text = '', ...others] = new Set(some.map(one => one.text))
  const hosts = new Set(some.flatMap(one => one.hosts))
  return others.length > 0
    ? text.replace(AFFECTED, `, and ${count(hosts.size, 'host')} of theirs are affected`)
    : text
}

const AFFECTED = /, and .* (?:is|are) affected$/

/** Adds each finding with its name, by which it can be ignored, and what changes in definitions. */
function reportEach(report: Report, findings: readonly NamedFinding[]): void {
  report.table(
    [{ title: '' }, { title: '', wraps: true }],
    findings.map(one => [
      { text: one.severity, tone: TONES[one.severity] },
      `${one.id}: ${sentence(one, Number.POSITIVE_INFINITY)}`,
    ]),
  )
  for (const { id, kind, subjects, change } of findings)
    if (change !== '') {
      report.line(`${id} of ${fewNames(subjectNames(kind, subjects))} ends, in <cpu>, with`)
      report.code(`${change}\n`)
    }
}

const sayIgnored = ({ id, reason, until }: AuditAnswer['ignored'][number]): string =>
  `${id} until ${until} (${reason})`

/** A finding in a line, with at most so many of what it is about. */
export const sentence = ({ subjects, kind, text, reason, remedy }: NamedFinding, most?: number): string =>
  [
    `${wordFor(kind, subjects.length)}${fewNames(subjectNames(kind, subjects), most)}: ${text}`,
    ...(reason ? [` (${reason})`] : []),
    ...(remedy ? [`; ${remedy}`] : []),
  ].join('')

/** Subjects as people call them. */
export const subjectNames = (kind: NamedFinding['kind'], names: readonly string[]): readonly string[] =>
  kind === 'pool' ? names.map(poolName) : names

const wordFor = (kind: NamedFinding['kind'], number: number): string =>
  kind === 'guest' || kind === 'model' ? `${kind}${number === 1 ? '' : 's'} ` : ''

/** A line for each vulnerability that some host has or some guest believes in. */
function addBeliefs(report: Report, lines: readonly AuditLine[]): void {
  const hosts = lines.filter(({ kind }) => kind === 'host')
  const pools = lines.filter(({ kind }) => kind === 'pool')
  const guests = lines.filter(({ kind }) => kind === 'guest' || kind === 'model')
  const known = [...new Set(lines.flatMap(line => line.vulnerabilities.map(({ name }) => name)))]
  const rows = known.map(name => [hosts, pools, guests].map(some => sayAll(some, name)).toSpliced(0, 0, name))
  const affected = rows.filter(([, ...said]) => said.some(words => words.startsWith('yes')))
  if (affected.length > 0) report.subheading('What hosts are, and what guests believe')
  report.table(
    [{ title: 'vulnerability' }, { title: 'hosts' }, { title: 'pools’ guests' }, { title: 'guests' }],
    affected,
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
