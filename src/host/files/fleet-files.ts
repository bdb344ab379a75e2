import { basename, dirname } from 'node:path'
import { isGlob } from '../../core/glob.ts'
import { poolOfPath } from '../../questions/input/fleet/document.ts'
import { fits, plainPattern } from '../../questions/input/fleet/fits.ts'
import type { Rule, Rules } from '../../questions/input/fleet/rules.ts'
import { filesOf, isDirectory, isFile } from './files.ts'

/** A file of a fleet. */
export interface FleetFileEntry {
  /** To open it. */
  readonly file: string
  /** As `FleetDocument` has it. */
  readonly path: string
  readonly pool: string | undefined
  /** Whether it was named, and so must hold something. */
  readonly named: boolean
}

/** What a folder's own fleet file is called. */
const FLEET_FILE = 'fleet.yaml'

/** The fleet file that an argument is or has; undefined: none. */
export function fleetFileOf(argument: string): string | undefined {
  if (/\.ya?ml$/.test(argument) && !isDirectory(argument)) return argument
  const own = within(argument, FLEET_FILE)
  return isDirectory(argument) && isFile(own) ? own : undefined
}

/** The files that arguments stand for where no fleet file speaks of them. @throws FileError */
export function* filesOfArguments(paths: readonly string[]): Generator<FleetFileEntry> {
  for (const argument of paths) {
    if (!isDirectory(argument)) yield { file: argument, path: argument, pool: undefined, named: true }
    else {
      for (const { path: file } of filesOf([argument])) {
        const path = below(argument, file)
        yield { file, path, pool: poolOfPath(path), named: false }
      }
    }
  }
}

/**
 * The files that a fleet file speaks of, in bytewise order of their paths: those that fit its rules, or all of its
 * folder. @throws FileError; what the rules' `fault` makes for a pattern that no file fits
 */
export function filesOfRules(fleetFile: string, rules: Rules): FleetFileEntry[] {
  const root = dirname(fleetFile)
  if (!rules.hosts) {
    const all = [...filesOfArguments([root])]
    return all.filter(({ file }) => basename(file) !== basename(fleetFile) || dirname(file) !== root)
  }
  const found = new Map<string, FleetFileEntry>()
  for (const rule of [...rules.hosts, ...rules.guests]) {
    rule.patterns.forEach((pattern, i) => {
      const files = filesOfPattern(root, pattern)
      if (files.length === 0) throw rules.fault(placeOf(rule, i), `no file is called ${pattern}`)
      for (const entry of files) found.set(entry.path, entry)
    })
  }
  return [...found.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

/** An entry that is text has no `files`, and one pattern no number: the place is then what is around it. */
const placeOf = ({ path }: Rule<unknown>, i: number) => [...path, 'files', i]

function filesOfPattern(root: string, pattern: string): FleetFileEntry[] {
  const plain = plainPattern(pattern)
  const parts = plain.split('/')
  const glob = parts.findIndex(isGlob)
  const fixed = (glob < 0 ? parts : parts.slice(0, glob)).join('/')
  const start = within(root, fixed)
  const rule = { patterns: [pattern], says: {}, path: [] }
  if (glob < 0 && isFile(start)) return [{ file: start, path: plain, pool: undefined, named: true }]
  if (!isDirectory(start)) return []
  return [...filesOf([start])]
    .map(({ path: file }) => ({ file, path: below(root, file), pool: undefined, named: false }))
    .filter(({ path }) => fits(rule, path))
}

/** `path` in `folder`, where it is not absolute. */
const within = (folder: string, path: string): string => {
  if (path === '' || path === '.') return folder
  if (path.startsWith('/') || folder === '.') return path
  return folder.endsWith('/') ? folder + path : `${folder}/${path}`
}

/** The path below the folder; one that is not below it stays as it is. */
const below = (folder: string, file: string): string => {
  const prefix = folder.endsWith('/') ? folder : `${folder}/`
  return file.startsWith(prefix) ? file.slice(prefix.length) : file
}
