import { bytewise } from '../../../src/core/text.ts'
import type { Context } from '../../../src/questions/context.ts'
import {
  type FleetFileContent,
  printFleetFile,
  readYaml,
} from '../../../src/questions/input/fleet/fleet-yaml.ts'
import { folderOf } from '../../../src/questions/input/fleet/members.ts'
import { toldPools } from '../../../src/questions/pools/compute.ts'
import type { Analysis } from '../analysis.ts'
import { assemble } from '../assemble.ts'
import type { Snapshot } from '../history.ts'

/**
 * The fleet as a fleet file for the folder that its own file is in, or that all files have in common: pools, their kept
 * CPUs, and the constraints of plans. @throws RangeError where a file holds hosts of two pools
 */
export function writeFleetFile(
  context: Context,
  { view }: Analysis,
  { files, fleetFile, locked, smallest, removed }: Snapshot,
): string {
  const root = fleetFile ? folderOf(fleetFile.path) : commonFolder(files.map(({ path }) => path))
  const below = (path: string) => (root === '' ? path : path.slice(root.length + 1)).replace(/#\d+$/, '')
  const own = (fleetFile ? (readYaml(fleetFile.text, fleetFile.path).content ?? {}) : {}) as FleetFileContent
  const kept = files.filter(({ path }) => !removed.has(path)).map(({ path }) => below(path))
  const content = { ...own, hosts: removed.size > 0 ? kept : (own.hosts ?? ['.']) }
  const pools = toldPools(view).map(({ groups, expression }, i) => ({
    name: view.pools[i]?.label ?? '',
    hosts: groups.flatMap(({ hosts }) => hosts.map(({ name }) => name)).sort(bytewise),
    site: view.fleet.sites?.get(view.pools[i]?.label ?? ''),
    cpu: expression?.xml,
  }))
  const paths = new Map(view.fleet.hosts.map(({ name, path }) => [name, path && below(path)]))
  const write = (constraints: object) =>
    printFleetFile({ ...content, constraints }, pools, host => paths.get(host))
  const constraints = { ...own.constraints, ...(smallest === undefined ? {} : { smallest }) }
  if (locked.size === 0) return write(constraints)
  // A pin names hosts as the fleet file calls them.
  const file = { path: root === '' ? 'fleet.yaml' : `${root}/fleet.yaml`, text: write(constraints) }
  const { fleet } = assemble(context, files, file)
  const named = new Map(fleet.hosts.map(({ name, path }) => [path, name]))
  const pin = Object.fromEntries(
    [...locked].map(label => [
      label,
      view.fleet.hosts.flatMap(({ pool = '', path }) => (pool === label ? (named.get(path) ?? []) : [])),
    ]),
  )
  return write({ ...constraints, pin })
}

/** The folder that all paths are in; empty: they have none in common. */
export function commonFolder(paths: readonly string[]): string {
  const [first = '', ...rest] = paths.map(folderOf)
  let common = first
  while (common !== '' && rest.some(path => path !== common && !path.startsWith(`${common}/`)))
    common = folderOf(common)
  return common
}
