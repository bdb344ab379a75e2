import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import type { Tone } from '../../report/styled-text.ts'
import { hostWords } from '../words/cells.ts'
import type { LossAnswer, SharedCause } from './answer.ts'

/** Features that the same hosts lack for the same reason, which the same thing remedies. */
interface Section {
  readonly because: SharedCause
  readonly losses: LossAnswer[]
}

/** Adds every lost feature under who lacks it, why, and what remedies that; what weighs most first. */
export function addLosses(report: Report, lost: readonly LossAnswer[], hosts: number): void {
  report.line(lost.length === 0 ? 'lost  nothing' : `lost  ${count(lost.length, 'feature')}`)
  for (const { because, losses } of sectionsOf(lost)) {
    const { cause, confidence, meaning, remedy, evidence } = because
    report.subheading(
      { text: cause, tone: toneOf(because) },
      ` (${confidence}): ${meaning}; ${hostWords(because.hosts, hosts)}`,
    )
    if (remedy !== '') report.line(`  remedy: ${remedy}`)
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

const toneOf = ({ confidence }: SharedCause): Tone => (confidence === 'high' ? 'bad' : 'warning')

function sectionsOf(lost: readonly LossAnswer[]): Section[] {
  const sections = new Map<string, Section>()
  for (const loss of lost) {
    for (const because of loss.because) {
      const { cause, confidence, remedy, evidence, hosts } = because
      const key = [cause, confidence, remedy, ...evidence, '', ...hosts].join('\n')
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
export function addBecause(report: Report, because: readonly SharedCause[], hosts: number): void {
  for (const one of because) {
    report.line(
      { text: one.cause, tone: toneOf(one) },
      ` (${one.confidence}): ${one.meaning}; ${hostWords(one.hosts, hosts)}`,
    )
    report.line(`  remedy: ${one.remedy}`)
    if (one.evidence.length > 0) report.line(`  ${fewNames(one.evidence)}`)
  }
}
