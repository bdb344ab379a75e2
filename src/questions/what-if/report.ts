import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import type { ChangeDone, EffectAnswer, WhatIfAnswer } from './answer.ts'
import { reportDelta } from './report-delta.ts'

/** What the changes are, and what they would do, for people. */
export function reportWhatIf(report: Report, answer: WhatIfAnswer): void {
  for (const change of answer.changes) report.line(sayChange(change))
  reportDelta(report, answer)
}

function sayChange({ kind, effect = '', title, hosts }: ChangeDone): string {
  const name = title ? `${effect} (${title})` : effect
  const what =
    hosts.length > 0 ? `changes ${count(hosts.length, 'host')}: ${fewNames(hosts)}` : 'changes no host'
  return kind === 'apply' || kind === 'drop' ? `${kind} ${name}: ${what}` : `${kind} ${fewNames(hosts)}`
}

/** The effects there are, for people. */
export const reportEffects = (report: Report, effects: readonly EffectAnswer[]): void =>
  report.table(
    [
      { title: 'effect' },
      { title: 'kind' },
      { title: 'what it is', wraps: true },
      { title: 'gives' },
      { title: 'takes' },
    ],
    effects.map(({ effect, kind, title, gives, takes }) => [
      effect,
      kind,
      title,
      fewNames(gives, 2),
      fewNames(takes, 2),
    ]),
  )
