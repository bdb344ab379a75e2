import { count } from '../../core/text.ts'
import type { Cell, Report, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { byHosts } from '../words/note.ts'
import type { Diagnosis, DoctorAnswer, FoundAt, UnknownText } from './answer.ts'

/** Adds what each error means, what causes it and what to do; then what is not known. */
export const reportDoctor: Reporter<DoctorAnswer> = (report, { findings, unknown }) => {
  if (findings.length === 0) report.line({ text: 'no error in it is known', tone: 'warning' })
  for (const finding of findings) addFinding(report, finding)
  if (unknown.length > 0) addUnknown(report, unknown, findings.length > 0)
}

const TONES: Readonly<Record<Diagnosis['kind'], Tone>> = {
  failure: 'bad',
  setting: 'bad',
  warning: 'warning',
  frame: 'quiet',
}

function addFinding(report: Report, finding: Diagnosis): void {
  const {
    kind,
    tools,
    error,
    meaning,
    cause,
    found,
    count: times,
    here,
    remedies,
    wording,
    sources,
  } = finding
  report.subheading({ text: meaning, tone: TONES[kind] })
  for (const at of found) report.line({ text: `  ${placeOf(at)}${at.text}`, tone: 'quiet' })
  if (times > found.length) report.line({ text: `  found ${times} times`, tone: 'quiet' })
  if (cause !== undefined) report.line('  cause: ', cause)
  addFeatures(report, finding)
  for (const { text, means } of finding.words) report.line(`  ${text}: ${means}`)
  for (const line of here) report.line({ text: '  here: ', tone: 'strong' }, line)
  for (const [i, remedy] of remedies.entries()) report.line({ text: `  ${i + 1}. `, tone: 'good' }, remedy)
  const of = [kind, ...tools].join(', ')
  const doubt = wording === 'unverified' ? '; no source confirms its wording' : ''
  report.line({ text: `  ${error} (${of}); sources: ${sources.join(', ')}${doubt}`, tone: 'quiet' })
}

function addFeatures(report: Report, { featuresOnHosts: features }: Diagnosis): void {
  report.table(
    [{ title: '' }, { title: '' }, { title: '', wraps: true }],
    features.map(({ feature, place, title }): Cell[] => [feature, { text: place, tone: 'quiet' }, title]),
  )
  const onHosts = (key: 'missingOn' | 'unknownOn', what: string) => {
    const some = features.filter(one => one[key].length > 0).map(one => ({ ...one, hosts: one[key] }))
    for (const { features: names, hosts } of byHosts(some))
      report.line(
        { text: '  here: ', tone: 'strong' },
        `${hosts.join(', ')} ${what} ${names.map(f => f.feature).join(', ')}`,
      )
  }
  onHosts('missingOn', 'lacks')
  onHosts('unknownOn', 'tells nothing of')
}

/** `log.txt:12: `; of what the document as a whole says `log.txt: ` */
const placeOf = ({ source, line }: FoundAt): string => `${source}${line > 0 ? `:${line}` : ''}: `

function addUnknown(report: Report, unknown: readonly UnknownText[], isMore: boolean): void {
  const what = isMore ? 'besides, these lines are not known' : 'not known'
  report.subheading({
    text: `${what}; what of ${count(unknown.length, 'line')} was understood:`,
    tone: 'warning',
  })
  for (const { words, ...at } of unknown) {
    report.line({ text: `  ${placeOf(at)}${at.text}`, tone: 'quiet' })
    for (const { text, means } of words) report.line(`    ${text}: ${means}`)
    if (words.length === 0) report.line('    nothing')
  }
}
