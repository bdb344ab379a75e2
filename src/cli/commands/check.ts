import { checksOfCheck } from '../../questions/check/checks-of.ts'
import { checkAnswer } from '../../questions/check/compute.ts'
import { reportCheck } from '../../questions/check/report.ts'
import { hostFiles, REPORTS, writeReports } from '../ci-reports.ts'
import type { Command } from '../command.ts'
import { FLEET, givenFleet, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import { CommandError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'check',
    description:
      'Tell whether a fleet keeps to the requirements of its fleet file (docs/fleet-file.md), pool by pool, and why ' +
      'not. Status 0: it does, 1: it does not, 2: could not read, or nothing is required.',
    options: [FLEET, ...FORMS, ...REPORTS],
    example: 'virt-cpu check test/stories/20/fleet.yaml',
    style: 'own',
  },

  async run(args, session) {
    const paths = args.all('fleet')
    const { view, notes } = await givenFleet(session, paths)
    if (view.fleet.requirements.length === 0)
      throw new CommandError([
        `nothing to check: no requirements in a fleet file of ${paths.join(' ')}`,
        'say what must hold under `requirements:` of fleet.yaml, for instance: - level: x86-64-v3',
      ])
    const answer = checkAnswer(view)
    const files = hostFiles(view.fleet.hosts, paths)
    writeReports(args, () => checksOfCheck(answer, files), paths[0] ?? '')
    await printAnswer(session, args, answer, report => reportCheck(report, answer), notes)
    return answer.passed ? 0 : 1
  },
}
