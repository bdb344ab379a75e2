import type { Report } from '../../report/report.ts'
import type { Tone } from '../../report/styled-text.ts'
import { hostWords } from '../words/cells.ts'
import { count, fewNames } from '../words/describe.ts'
import type { ToldBecause, ToldLoss } from './reasons.ts'

/** Features that the same hosts lack for the same reason, which the same thing mends. */
interface Section {
  readonly because: ToldBecause
  readonly losses: ToldLoss[]
}

/** Adds every lost feature under who lacks it, why, and what mends that; what weighs most first. */
export function addLosses(report: Report, lost: readonly ToldLoss[], hosts: number): void {
  report.line(lost.length === 0 ? 'lost  nothing' : `lost  ${count(lost.length, 'feature')}`)
  for (const { because, losses } of sectionsOf(lost)) {
    const { cause, confidence, meaning, mend, evidence } = because
    report.subheading(
      { text: cause, tone: toneOf(because) },
      ` (${confidence}): ${meaning}; ${hostWords(because.hosts, hosts)}`,
    )
    if (mend !== '') report.line(`  mend: ${mend}`)
    if (evidence.length > 0) report.line(`  ${evidence.join('; ')}`)
    report.table(
      [{ title: '' }, { title: '' }, { title: '', wraps: true }],
      losses.map(({ feature, place, title, hazard }) => [
        feature,
        place,
        hazard ? `${title}; ${HAZARD}` : title,
      ]),
    )
  }
}

const HAZARD = 'guests that do not see it stay unprotected where they need it'

const toneOf = ({ confidence }: ToldBecause): Tone => (confidence === 'high' ? 'bad' : 'warning')

function sectionsOf(lost: readonly ToldLoss[]): Section[] {
  const sections = new Map<string, Section>()
  for (const loss of lost) {
    for (const because of loss.because) {
      const { cause, confidence, mend, evidence, hosts } = because
      const key = [cause, confidence, mend, ...evidence, '', ...hosts].join('\n')
      const section = sections.get(key)
      if (section) section.losses.push(loss)
      else sections.set(key, { because, losses: [loss] })
    }
  }
  return [...sections.values()].sort((a, b) => rankOf(a) - rankOf(b))
}

const CLASSES = ['security', 'performance', 'virtualization', undefined, 'platform', 'nested', 'volatile']

const rankOf = ({ losses }: Section): number => Math.min(...losses.map(loss => CLASSES.indexOf(loss.class)))

/** Adds why one feature is lost, by host. */
export function addBecause(report: Report, because: readonly ToldBecause[], hosts: number): void {
  for (const one of because) {
    report.line(
      { text: one.cause, tone: toneOf(one) },
      ` (${one.confidence}): ${one.meaning}; ${hostWords(one.hosts, hosts)}`,
    )
    report.line(`  mend: ${one.mend}`)
    if (one.evidence.length > 0) report.line(`  ${fewNames(one.evidence)}`)
  }
}
