import { count } from '../../src/core/text.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import type { Context } from '../../src/questions/context.ts'
import { assembleFleet } from '../../src/questions/input/fleet/assemble.ts'
import { readYaml } from '../../src/questions/input/fleet/fleet-yaml.ts'
import { type FleetDocument, folderOf, isGeneric, labelOf } from '../../src/questions/input/fleet/members.ts'
import { readRules } from '../../src/questions/input/fleet/read-rules.ts'
import { pathsOfRules, type Rules } from '../../src/questions/input/fleet/rules.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import type { Note } from '../../src/questions/words/note.ts'
import type { FileProblem } from '../shared/displays.ts'
import { messageOf } from './documents.ts'
import type { PageFile, PlacedFile, Snapshot } from './history.ts'

interface Assembled {
  readonly fleet: Fleet
  readonly files: readonly PlacedFile[]
  readonly problems: readonly FileProblem[]
}

/** Assembles the fleet by the fleet file. Without one, or where it has an error, the folders are the pools. */
export function assemble(
  context: Context,
  files: readonly PageFile[],
  fleetFile: Snapshot['fleetFile'],
): Assembled {
  if (!fleetFile) return assembleByFolders(context, files)
  try {
    const { content, fault } = readYaml(fleetFile.text, fleetFile.path)
    return assembleByRules(context, files, folderOf(fleetFile.path), readRules(content, fault))
  } catch (error) {
    const { problems, ...found } = assembleByFolders(context, files)
    return {
      ...found,
      problems: [{ source: fleetFile.path, text: messageOf(error), kind: 'error' }, ...problems],
    }
  }
}

/** What all hosts' paths have in common tells nothing of them: the fleet's reader does not see it. */
function assembleByFolders(context: Context, files: readonly PageFile[]): Assembled {
  const paths = files.map(({ path }) => path)
  const names = shortNames(paths)
  const areHosts = files.map(holdsHosts)
  const { root, pools } = poolsOfPaths(paths, areHosts)
  const documents = files.map(({ path, document: { members, hash } }, i) => ({
    path: areHosts[i] ? path.slice(root.length) : path,
    name: names[i] ?? path,
    pool: pools[i] || undefined,
    members,
    hash,
  }))
  const { fleet, problems } = assembleWithNotes(context, documents)
  const placed = files.map((file, i) => ({ ...file, pool: pools[i] ?? '' }))
  return { fleet: withPrefix(fleet, root), problems, files: placed }
}

/** The page identifies hosts by their full path. */
const withPrefix = (fleet: Fleet, prefix: string): Fleet => ({
  ...fleet,
  hosts: fleet.hosts.map(host => ({ ...host, path: prefix + host.path })),
})

const holdsHosts = ({ document: { members, definitions } }: PageFile): boolean =>
  members.length === 0 ? definitions.length > 0 : members.some(({ kind }) => kind !== 'guest')

/** @param root the fleet file's folder: the file applies to the paths below it */
function assembleByRules(
  context: Context,
  files: readonly PageFile[],
  root: string,
  rules: Rules,
): Assembled {
  const prefix = root === '' ? '' : `${root}/`
  const below = new Map(
    files.flatMap(file => (file.path.startsWith(prefix) ? [[file.path.slice(prefix.length), file]] : [])),
  )
  const paths = pathsOfRules(rules, [...below.keys()])
  const documents = paths.map((path): FleetDocument => {
    const { members = [], hash } = below.get(path)?.document ?? {}
    return { path, name: prefix + path, members, hash, pool: folderOf(path).split('/')[0] || undefined }
  })
  const { fleet, problems } = assembleWithNotes(context, documents, rules)
  const listed = new Set(paths.map(path => below.get(path)))
  const skipped = files
    .filter(file => !listed.has(file))
    .map(
      ({ path }): FileProblem => ({
        source: path,
        text: 'skipped: the fleet file does not list it',
        kind: 'note',
      }),
    )
  const placed = files.map(file => ({ ...file, pool: '' }))
  return { fleet: withPrefix(fleet, prefix), files: placed, problems: [...problems, ...skipped] }
}

function assembleWithNotes(
  context: Context,
  documents: readonly FleetDocument[],
  rules?: Rules,
): Omit<Assembled, 'files'> {
  const { fleet, others, notes } = assembleFleet(context, documents, rules)
  const problems = notes.map((note): FileProblem => {
    const { source = '', ...rest } = note
    return { source, text: describeNote(rest as Note), kind: 'note', note }
  })
  return { fleet, problems: [...others.flatMap(other => describeHidden(fleet, other)), ...problems] }
}

/** The page shows hosts of one architecture: those of another are another fleet. */
export const describeHidden = (shown: Fleet, { arch, hosts }: Fleet): FileProblem[] =>
  hosts.length === 0
    ? []
    : [
        {
          source: '',
          kind: 'note',
          text: `${count(hosts.length, 'host')} of ${arch} not shown: a fleet has one architecture, here ${shown.arch}; \`virt-cpu explain\` answers for each`,
        },
      ]

/** For each path its shortest end, without the extension, that no other path has: `ice-01` for `prod/ice-01.xml`. */
function shortNames(paths: readonly string[]): string[] {
  const parts = paths.map(path => path.replace(/\.[A-Za-z0-9]{1,5}(?=$|#\d+$)/, '').split('/'))
  const counts = new Map<string, number>()
  const end = (list: readonly string[], n: number) => list.slice(-n).join('/')
  for (const list of parts) {
    for (let n = 1; n <= list.length; n++) counts.set(end(list, n), (counts.get(end(list, n)) ?? 0) + 1)
  }
  return parts.map((list, i) => {
    for (let n = 1; n <= list.length; n++) if (counts.get(end(list, n)) === 1) return end(list, n)
    return paths[i] ?? ''
  })
}

/**
 * The pool of each path: its folder, without the folders that all hosts have in common. The folder of a file that is called
 * after what is in it is the host: `prod/ice-01/tmp/capabilities.xml` is in `prod`. A guest's file is in the pool of the
 * nearest folder around it that holds hosts. Where all hosts are in one folder, their pool is the first folder in the one
 * that was dropped, as the command calls it.
 * @param hosts which of the paths are hosts'
 * @returns the pools, and what all hosts' paths begin with
 */
function poolsOfPaths(paths: readonly string[], hosts: readonly boolean[]) {
  const folders = paths.map(path => folderOf((isGeneric(path) && labelOf(path)) || path).split('/'))
  const own = folders.filter((_, i) => hosts[i])
  const [first = []] = own
  let common = 0
  while (common < first.length && own.every(folder => folder[common] === first[common])) common++
  const only = own.every(folder => folder.length === common) ? first[1] : undefined
  const labels = new Set(own.map(folder => folder.slice(common).join('/')))
  const pools = folders.map(folder => {
    for (let end = folder.length; end > common; end--) {
      const label = folder.slice(common, end).join('/')
      if (labels.has(label)) return label
    }
    return only ?? ''
  })
  const root = first.slice(0, common).filter(Boolean).join('/')
  return { root: root === '' ? '' : `${root}/`, pools }
}
