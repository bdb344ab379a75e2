import type { FleetHost } from '../../fleet/host.ts'
import { checksOfDrift } from '../../questions/check/checks-of.ts'
import { driftQuestion } from '../../questions/drift/question.ts'
import { type FleetView, viewOf } from '../../questions/input/fleet/view.ts'
import { mergeChecks } from '../../report/checks.ts'
import type { Arguments } from '../arguments.ts'
import { hostFiles, hostsOf, REPORTS, writeReports } from '../ci-reports.ts'
import type { GivenFleet } from '../own.ts'
import { ownCommand } from '../own.ts'
import { UsageError } from '../spec.ts'

const FAIL_ON = ['any', 'lost'] as const

export const command = ownCommand({
  question: driftQuestion,
  description:
    'Compare a fleet with what it was: hosts gone, new and changed in features, model, signature, microcode, vendor, ' +
    'address bits, clock or vulnerabilities, and what that does to pools and guests. Hosts pair by their path below OLD ' +
    'and NEW. Status 0: nothing changed, 1: something changed, 2: could not read.',
  example: 'virt-cpu drift examples/fleet examples/fleet --fail-on lost',
  fields: { by: { value: 'key' } },
  fleets: {
    before: {
      name: 'old',
      value: 'path',
      positional: 'one',
      required: true,
      help: 'the fleet as it was: a directory, file or fleet.yaml',
    },
    after: { name: 'new', value: 'path', positional: 'one', required: true, help: 'the fleet as it is' },
  },
  options: [
    {
      name: 'fail-on',
      value: 'what',
      words: FAIL_ON,
      help: 'status 1 on any drift (default), or only where a host or feature is lost',
    },
    ...REPORTS,
  ],
  prepare: stripArgument,
  write(args, answers, given) {
    const now = args.get('new') ?? ''
    const files = hostFiles(hostsOf(given), [now])
    writeReports(args, () => mergeChecks(answers.map(one => checksOfDrift(one, files, failOn(args)))), now)
  },
  status: (answer, args) => ((failOn(args) === 'lost' ? answer.lost : answer.drifted) ? 1 : 0),
})

/** @throws UsageError for another word */
function failOn(args: Arguments): 'any' | 'lost' {
  const given = args.get('fail-on') ?? 'any'
  const known = FAIL_ON.find(one => one === given)
  if (known) return known
  throw new UsageError(`--fail-on takes ${FAIL_ON.join(' or ')}, not '${given}'`)
}

/** Of a file that was given by its name, the hosts pair by their numbers: `a.xml#2` with `b.xml#2`. */
function stripArgument(given: GivenFleet, argument: string): GivenFleet {
  const pairing = (host: FleetHost): FleetHost =>
    host.path?.startsWith(argument) ? { ...host, path: host.path.slice(argument.length) } : host
  const paired = ({ fleet }: FleetView) =>
    viewOf(given.context, { ...fleet, hosts: fleet.hosts.map(pairing) })
  return { ...given, view: paired(given.view), others: given.others.map(paired) }
}
