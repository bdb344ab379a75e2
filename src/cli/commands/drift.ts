import type { FleetHost } from '../../fleet/host.ts'
import { checksOfDrift } from '../../questions/check/checks-of.ts'
import { driftAnswer } from '../../questions/drift/compute.ts'
import { reportDrift } from '../../questions/drift/report.ts'
import { type FleetView, viewOf } from '../../questions/input/fleet/view.ts'
import { hostFiles, REPORTS, writeReports } from '../ci-reports.ts'
import type { Command } from '../command.ts'
import { type GivenFleet, givenFleet, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import { UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'drift',
    description:
      'Tell how a fleet differs from what it was: hosts gone, new and changed in features, model, signature, microcode, ' +
      'vendor, address bits, clock or vulnerabilities, and what that does to pools and guests. Hosts pair by their ' +
      'path below OLD and NEW. Status 0: nothing, 1: something, 2: could not read.',
    options: [
      {
        name: 'old',
        value: 'path',
        positional: 'one',
        required: true,
        help: 'the fleet as it was: a directory, file or fleet.yaml',
      },
      { name: 'new', value: 'path', positional: 'one', required: true, help: 'the fleet as it is' },
      {
        name: 'by',
        value: 'key',
        words: ['path', 'uuid'],
        help: 'what pairs hosts: path (default), or uuid of their capabilities',
      },
      {
        name: 'fail-on',
        value: 'what',
        words: ['any', 'lost'],
        help: 'status 1 on any drift (default), or only where a host or feature is lost',
      },
      ...FORMS,
      ...REPORTS,
    ],
    example: 'virt-cpu drift examples/fleet examples/fleet --fail-on lost',
    style: 'own',
  },

  async run(args, session) {
    const by = wordOf('--by', args.get('by') ?? 'path', ['path', 'uuid'])
    const failOn = wordOf('--fail-on', args.get('fail-on') ?? 'any', ['any', 'lost'])
    const [old, now] = [args.get('old') ?? '', args.get('new') ?? '']
    const [before, after] = [await givenFleet(session, [old]), await givenFleet(session, [now])]
    const answer = driftAnswer(below(before, old), below(after, now), by)
    const files = hostFiles(after.view.fleet.hosts, [now])
    writeReports(args, () => checksOfDrift(answer, files, failOn), now)
    await printAnswer(session, args, answer, report => reportDrift(report, answer), after.notes)
    const failed = failOn === 'lost' ? answer.lost : answer.drifted
    return failed ? 1 : 0
  },
}

function wordOf<T extends string>(option: string, given: string, words: readonly T[]): T {
  const word = words.find(one => one === given)
  if (word !== undefined) return word
  throw new UsageError(`${option} takes ${words.join(' or ')}, not '${given}'`)
}

/** Of a file that was given by its name, the hosts pair by their numbers: `a.xml#2` with `b.xml#2`. */
function below({ context, view }: GivenFleet, argument: string): FleetView {
  const pairing = (host: FleetHost): FleetHost =>
    host.path?.startsWith(argument) ? { ...host, path: host.path.slice(argument.length) } : host
  const hosts = view.fleet.hosts.map(pairing)
  return viewOf(context, { ...view.fleet, hosts })
}
