import { dirname, join } from 'node:path'
import type { FleetHost } from '../../fleet/host.ts'
import { fleetFileOf } from '../../host/files/fleet.ts'
import { writeWhole } from '../../host/files/write.ts'
import { auditQuestion } from '../../questions/audit/question.ts'
import {
  checksOfAudit,
  checksOfCheck,
  checksOfDrift,
  type HostFiles,
} from '../../questions/check/checks-of.ts'
import { checkQuestion } from '../../questions/check/question.ts'
import { driftQuestion } from '../../questions/drift/question.ts'
import { type OpenedFleet, viewsOf } from '../../questions/input/fleet/open-fleet.ts'
import { type FleetView, viewOf } from '../../questions/input/fleet/view.ts'
import { type Checks, mergeChecks, printJunit, printSarif } from '../../report/checks.ts'
import type { Arguments } from '../arguments.ts'
import { type GivenFleet, lacksHost, ownCommand } from '../own.ts'
import { CommandError, type OptionSpec, UsageError } from '../spec.ts'

declare const __VERSION__: string

/** What continuous integration reads. */
export const REPORTS: readonly OptionSpec[] = [
  { name: 'junit', value: 'file', help: 'write the result there as JUnit XML too' },
  { name: 'sarif', value: 'file', help: 'write the result there as SARIF 2.1.0 too' },
]

/**
 * Writes the reports that were asked for.
 * @param place what a fault without a file of its own is about: the fleet as it was given
 * @throws FileError
 */
export function writeReports(args: Arguments, checks: () => Checks, place: string): void {
  const [junit, sarif] = [args.get('junit'), args.get('sarif')]
  if (junit !== undefined) writeWhole(junit, printJunit(checks()))
  if (sarif === undefined) return
  const tool = { name: 'virt-cpu', version: __VERSION__ }
  writeWhole(sarif, printSarif(checks(), tool, fleetFileOf(place) ?? place))
}

/** The hosts of every architecture. */
export const hostsOf = (given: OpenedFleet): FleetHost[] => viewsOf(given).flatMap(({ fleet }) => fleet.hosts)

/** The file that each host was read from, as it would be typed. */
export function hostFiles(hosts: readonly FleetHost[], paths: readonly string[]): HostFiles {
  const [own] = paths.flatMap(path => fleetFileOf(path) ?? [])
  const root = own === undefined ? undefined : dirname(own)
  const fileOf = ({ name, path = name }: FleetHost) =>
    (root === undefined ? name : join(root, path)).replace(/#\d+$/, '')
  return new Map(hosts.map(host => [host.name, fileOf(host)]))
}

const FAIL_ON = ['any', 'lost'] as const

export const driftCommand = ownCommand({
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
  status: (answer, args) => ((failOn(args) === 'lost' ? answer.hasLost : answer.drifted) ? 1 : 0),
})

/** @throws UsageError for another word */
function failOn(args: Arguments): 'any' | 'lost' {
  const given = args.get('fail-on') ?? 'any'
  const known = FAIL_ON.find(one => one === given)
  if (known) return known
  throw new UsageError(`--fail-on takes ${FAIL_ON.join(' or ')}, not '${given}'`)
}

/** Of a file that was given by its name, the hosts pair by their numbers: `a.xml#2` with `b.xml#2`. */
export function stripArgument(given: GivenFleet, argument: string): GivenFleet {
  const pairing = (host: FleetHost): FleetHost =>
    host.path?.startsWith(argument) ? { ...host, path: host.path.slice(argument.length) } : host
  const paired = ({ fleet }: FleetView) =>
    viewOf(given.context, { ...fleet, hosts: fleet.hosts.map(pairing) })
  return { ...given, view: paired(given.view), others: given.others.map(paired) }
}

export const checkCommand = ownCommand({
  question: checkQuestion,
  description:
    'Check a fleet against the requirements of its fleet file (docs/fleet-file.md), pool by pool, and say why it fails. ' +
    'Status 0: it keeps to them, 1: it does not, 2: a host could not be read, or nothing is required.',
  example: 'virt-cpu check examples/forty',
  fields: { now: { value: 'time' } },
  options: REPORTS,
  inputs: {
    placeholders: {},
    arguments: [],
    open: async args => ({ input: { now: args.get('now') ?? new Date().toISOString() }, notes: [] }),
  },
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
  if (viewsOf(given).some(({ fleet }) => fleet.requirements.length > 0 || fleet.kept)) return given
  throw new CommandError([
    `nothing to check: no requirements and no kept CPU in a fleet file of ${argument}`,
    'say what must hold under `requirements:` of fleet.yaml, for instance: - level: x86-64-v3',
  ])
}

const commas = { read: (texts: readonly string[]) => texts.flatMap(text => text.split(',')) }

export const auditCommand = ownCommand({
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
