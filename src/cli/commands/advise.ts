import { count } from '../../core/text.ts'
import type { Advice } from '../../questions/advise/answer.ts'
import { advise } from '../../questions/advise/compute.ts'
import { figure, percent } from '../../questions/words/figure.ts'
import type { Report } from '../../report/report.ts'
import type { Command } from '../command.ts'
import { givenHosts } from '../fleet-hosts.ts'
import { FLEET, printAnswer } from '../fleet-input.ts'
import { PLAN, planOptions } from '../plan-options.ts'
import { FORMS } from '../print-report.ts'

export const command: Command = {
  spec: {
    name: 'advise',
    description:
      'Name the strategy to take for a fleet, and why: passthrough (all of each host’s CPU), generic (one of QEMU’s models ' +
      'or an x86-64 level for all), groups (a handful of pools, one baseline each), common (one baseline). Each with what ' +
      'it gives and loses on this fleet.',
    options: [FLEET, ...PLAN, ...FORMS],
    example: 'virt-cpu advise examples/fleet',
    style: 'own',
  },

  async run(args, session) {
    const { view, notes } = await givenHosts(args, session)
    const answer = advise(view, planOptions(args, view))
    await printAnswer(session, args, answer, report => addAdvice(report, answer), notes)
    return 0
  },
}

function addAdvice(report: Report, { take, why, strategies }: Advice): void {
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
