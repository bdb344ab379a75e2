import { dirname, join } from 'node:path'
import type { FleetHost } from '../fleet/host.ts'
import { writeWhole } from '../host/files/file-error.ts'
import { fleetFileOf } from '../host/files/fleet.ts'
import type { HostFiles } from '../questions/check/checks-of.ts'
import { type OpenedFleet, viewsOf } from '../questions/input/fleet/open-fleet.ts'
import { type Checks, printJunit, printSarif } from '../report/checks.ts'
import type { Arguments } from './arguments.ts'
import type { OptionSpec } from './spec.ts'

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
