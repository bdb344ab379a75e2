import { auditQuestion } from '../../questions/audit/question.ts'
import { checksOfAudit } from '../../questions/check/checks-of.ts'
import { mergeChecks } from '../../report/checks.ts'
import { ownCommand } from '../own.ts'
import { hostFiles, hostsOf, REPORTS, writeReports } from './check.ts'

const commas = { read: (texts: readonly string[]) => texts.flatMap(text => text.split(',')) }

export const command = ownCommand({
  question: auditQuestion,
  description:
    'Say what hosts are vulnerable to, by their silicon and their kernel; what a Linux guest concludes from its virtual CPU, before ' +
    'it starts; where it believes that it is safe and a host is not, or pays for what no host has; and which bits it lacks. ' +
    'Status 1: a danger. `ignore:` of fleet.yaml takes findings out, for a reason and until a day.',
  example: 'virt-cpu audit examples/fleet examples/guests',
  guestsAlone: true,
  fields: {
    models: { name: 'model', value: 'model', ...commas },
    guestOs: { value: 'system', ...commas },
    today: { value: 'day' },
  },
  options: REPORTS,
  inputs: {
    placeholders: {},
    arguments: [],
    open: async args => ({
      input: { today: args.get('today') ?? new Date().toISOString().slice(0, 10) },
      notes: [],
    }),
  },
  write(args, answers, given) {
    const paths = args.all('fleet')
    const files = hostFiles(hostsOf(given), paths)
    writeReports(args, () => mergeChecks(answers.map(one => checksOfAudit(one, files))), paths[0] ?? '')
  },
  status: ({ findings, lines }, args) => {
    const isOpen = lines.some(
      ({ kind, vulnerabilities }) =>
        kind === 'host' && vulnerabilities.some(({ affected }) => affected === 'unknown'),
    )
    return findings.some(({ severity }) => severity === 'danger') || (isOpen && args.has('strict')) ? 1 : 0
  },
})
