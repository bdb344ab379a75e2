import { checksOfCheck } from '../../questions/check/checks-of.ts'
import { checkQuestion } from '../../questions/check/question.ts'
import { viewsOf } from '../../questions/input/fleet/open-fleet.ts'
import { mergeChecks } from '../../report/checks.ts'
import { hostFiles, hostsOf, REPORTS, writeReports } from '../ci-reports.ts'
import type { GivenFleet } from '../own.ts'
import { lacksHost, ownCommand } from '../own.ts'
import { CommandError } from '../spec.ts'

export const command = ownCommand({
  question: checkQuestion,
  description:
    'Check a fleet against the requirements of its fleet file (docs/fleet-file.md), pool by pool, and say why it fails. ' +
    'Status 0: it keeps to them, 1: it does not, 2: a host could not be read, or nothing is required.',
  example: 'virt-cpu check test/stories/20/fleet.yaml',
  options: REPORTS,
  prepare: requireRequirements,
  write(args, answers, given) {
    const paths = args.all('fleet')
    const files = hostFiles(hostsOf(given), paths)
    writeReports(args, () => mergeChecks(answers.map(one => checksOfCheck(one, files))), paths[0] ?? '')
  },
  // A host that could not be read may break what all others keep.
  status: ({ passed, verdicts }, args, notes) => {
    if (lacksHost(notes)) return 2
    const isOpen = verdicts.some(({ unknown }) => unknown.length > 0)
    return passed && !(isOpen && args.has('strict')) ? 0 : 1
  },
})

/** @throws CommandError for a fleet without requirements */
function requireRequirements(given: GivenFleet, argument: string): GivenFleet {
  if (viewsOf(given).some(({ fleet }) => fleet.requirements.length > 0)) return given
  throw new CommandError([
    `nothing to check: no requirements in a fleet file of ${argument}`,
    'say what must hold under `requirements:` of fleet.yaml, for instance: - level: x86-64-v3',
  ])
}
