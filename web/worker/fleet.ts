import type { Fleet } from '../../src/fleet/fleet.ts'
import type { Context } from '../../src/questions/context.ts'
import { assembleFleet } from '../../src/questions/input/fleet/assemble.ts'
import { type FleetDocument, folderOf } from '../../src/questions/input/fleet/document.ts'
import { pathsOfRules } from '../../src/questions/input/fleet/fits.ts'
import { readYaml } from '../../src/questions/input/fleet/fleet-yaml.ts'
import { readRules } from '../../src/questions/input/fleet/read-rules.ts'
import type { Rules } from '../../src/questions/input/fleet/rules.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import type { Note } from '../../src/questions/words/note.ts'
import type { FaultAnswer } from '../shared/answers.ts'
import { messageOf } from './document.ts'
import { poolsOfPaths, shortNames } from './names.ts'
import type { PageFile, PlacedFile, Snapshot } from './state.ts'

/** Whether a file says something of a fleet, and is no part of it. */
export const isFleetFile = (path: string): boolean => /\.ya?ml$/i.test(path)

interface Assembled {
  readonly fleet: Fleet
  readonly files: readonly PlacedFile[]
  readonly faults: readonly FaultAnswer[]
}

/** The fleet that files make, by the fleet file where there is one; a bad one is named, and folders count. */
export function assemble(
  context: Context,
  files: readonly PageFile[],
  fleetFile: Snapshot['fleetFile'],
): Assembled {
  if (!fleetFile) return byFolders(context, files)
  try {
    const { content, fault } = readYaml(fleetFile.text, fleetFile.path)
    return byRules(context, files, folderOf(fleetFile.path), readRules(context, content, fault))
  } catch (error) {
    const { faults, ...found } = byFolders(context, files)
    return {
      ...found,
      faults: [{ source: fleetFile.path, text: messageOf(error), kind: 'fault' }, ...faults],
    }
  }
}

function byFolders(context: Context, files: readonly PageFile[]): Assembled {
  const paths = files.map(({ path }) => path)
  const names = shortNames(paths)
  const pools = poolsOfPaths(paths, files.map(holdsHosts))
  const documents = files.map(({ path, document: { members, hash } }, i) => ({
    path,
    name: names[i] ?? path,
    pool: pools[i] || undefined,
    members,
    hash,
  }))
  const placed = files.map((file, i) => ({ ...file, pool: pools[i] ?? '' }))
  return { ...assembled(context, documents), files: placed }
}

const holdsHosts = ({ document: { members, definitions } }: PageFile): boolean =>
  members.length === 0 ? definitions.length > 0 : members.some(({ kind }) => kind !== 'guest')

/** @param root the fleet file's folder: it speaks of what is below */
function byRules(context: Context, files: readonly PageFile[], root: string, rules: Rules): Assembled {
  const prefix = root === '' ? '' : `${root}/`
  const below = new Map(
    files.flatMap(file => (file.path.startsWith(prefix) ? [[file.path.slice(prefix.length), file]] : [])),
  )
  const paths = pathsOfRules(rules, [...below.keys()])
  const documents = paths.map((path): FleetDocument => {
    const { members = [], hash } = below.get(path)?.document ?? {}
    return { path, name: prefix + path, members, hash, pool: folderOf(path).split('/')[0] || undefined }
  })
  const named = new Set(paths.map(path => below.get(path)))
  const others = files.filter(file => !named.has(file))
  const { fleet, faults } = assembled(context, documents, rules)
  // Hosts keep the path that the page knows them by.
  const hosts = fleet.hosts.map(host => ({ ...host, path: prefix + host.path }))
  const over = others.map(
    ({ path }): FaultAnswer => ({
      source: path,
      text: 'passed over: the fleet file does not name it',
      kind: 'note',
    }),
  )
  const placed = files.map(file => ({ ...file, pool: '' }))
  return { fleet: { ...fleet, hosts }, files: placed, faults: [...faults, ...over] }
}

function assembled(
  context: Context,
  documents: readonly FleetDocument[],
  rules?: Rules,
): Omit<Assembled, 'files'> {
  const { fleet, notes } = assembleFleet(context, documents, rules)
  const faults = notes.map(
    ({ source = '', ...note }): FaultAnswer => ({ source, text: describeNote(note as Note), kind: 'note' }),
  )
  return { fleet, faults }
}

/** The fleet as the operator changed it: guests go with their hosts. */
export function edited({ read, moved, out }: Pick<Snapshot, 'read' | 'moved' | 'out'>): Fleet {
  if (moved.size === 0 && out.size === 0) return read
  const hosts = read.hosts
    .filter(({ path = '' }) => !out.has(path))
    .map(host => ({ ...host, pool: moved.get(host.path ?? '') ?? host.pool }))
  const pools = new Map(
    hosts.filter(({ path = '' }) => moved.has(path)).map(({ name, pool }) => [name, pool]),
  )
  const guests = read.guests.map(guest => ({ ...guest, pool: pools.get(guest.host ?? '') ?? guest.pool }))
  return { ...read, hosts, guests, pools: [...new Set(hosts.map(({ pool = '' }) => pool))] }
}
