import { count } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { figure, percent } from '../words/cells.ts'
import type { Advice } from './answer.ts'

/** Adds the recommended strategy, and what each strategy gives and loses. */
export function addAdvice(report: Report, { take, why, strategies }: Advice): void {
  report.line('take  ', { text: take, tone: 'good' }, `: ${why}`)
  for (const { strategy, pools, value, share, gives, loses } of strategies) {
    report.subheading(
      { text: strategy, tone: strategy === take ? 'good' : 'strong' },
      `: ${count(pools, 'pool')}, value ${figure(value)}, ${percent(share)} of what the hosts have`,
    )
    report.line(`  gives: ${gives}`)
    report.line(`  loses: ${loses}`)
  }
}
