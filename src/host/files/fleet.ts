import { hash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { Interner } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { isGlob } from '../../core/text.ts'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import { loadYaml } from '../../formats/yaml.ts'
import type { Context } from '../../questions/context.ts'
import { assembleFleet, type ReadFleet } from '../../questions/input/fleet/assemble.ts'
import type { Member } from '../../questions/input/fleet/members.ts'
import { type FleetDocument, poolOfPath } from '../../questions/input/fleet/members.ts'
import { PrintedHostReader } from '../../questions/input/fleet/read-members.ts'
import { readRules } from '../../questions/input/fleet/read-rules.ts'
import {
  appliesTo,
  isFleetFile,
  plainPattern,
  type Rule,
  type Rules,
} from '../../questions/input/fleet/rules.ts'
import { hintOnError } from '../../questions/words/cells.ts'
import type { Note } from '../../questions/words/note.ts'
import { FileError, isBadFile, throwAll } from './file-error.ts'
import { filesOf, isDirectory, isFile, noteOfFile, readBytes, readFound, readWhole } from './files.ts'

/** A file of a fleet. */
interface FleetFileEntry {
  /** To open it. */
  readonly file: string
  /** As `FleetDocument` has it. */
  readonly path: string
  readonly pool: string | undefined
  /** Whether it was named, and so must hold something. */
  readonly named: boolean
}

interface FleetOptions {
  /** Whether files that were found in a directory count as named: what cannot be read is an error. */
  readonly noSkip?: boolean | undefined
  /** What a fleet file says, where there is none. */
  readonly rules?: Rules | undefined
}

/** What a folder's own fleet file is called. */
const FLEET_FILE = 'fleet.yaml'

/** The fleet file that an argument is or has; undefined: none. */
export function fleetFileOf(argument: string): string | undefined {
  if (isYaml(argument)) return isFleetFile(argument, textOf(argument)) ? argument : undefined
  const own = within(argument, FLEET_FILE)
  return isDirectory(argument) && isFile(own) ? own : undefined
}

const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path) && !isDirectory(path)

/** The beginning of a file, which tells what it is; empty for one that cannot be read, which is told elsewhere. */
function textOf(path: string): string {
  if (!isFile(path)) return ''
  try {
    return decodeBytes(readWhole(path, LONGEST) ?? Buffer.alloc(0))
  } catch (error) {
    if (error instanceof FileError) return ''
    throw error
  }
}

/** Whether a file that was met in a directory is a fleet file by its keys: it speaks of hosts, and is none. */
async function isOtherFleetFile({ file, named }: FleetFileEntry): Promise<boolean> {
  if (named || !isYaml(file)) return false
  await loadYaml()
  const text = textOf(file)
  return /^["']?\w/m.test(text) && isFleetFile(file, text)
}

/** Fleet files are told from other YAML by what dialects read. */
async function loadYamlFor(paths: readonly string[]): Promise<void> {
  if (paths.some(isYaml)) await loadYaml()
}

/** The files that arguments stand for where no fleet file speaks of them. @throws FileError */
function* filesOfArguments(paths: readonly string[]): Generator<FleetFileEntry> {
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
function filesOfRules(fleetFile: string, rules: Rules): FleetFileEntry[] {
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
    .filter(({ path }) => appliesTo(rule, path))
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

/**
 * Reads a fleet: a fleet file (`*.yaml`, or the `fleet.yaml` of a directory) and what it speaks of, or files and
 * directories, a subfolder a pool. Documents that are equal to the byte are read once. Files that were found in a
 * directory and cannot be read are noted.
 * @throws FileError; ParseError with place and remedy for what is no CPU, no YAML or not what a fleet file has;
 *   AggregateError of these where several files that were named cannot be read
 */
export async function readFleet(
  context: Context,
  paths: readonly string[],
  { noSkip = false, rules: given }: FleetOptions = {},
): Promise<ReadFleet> {
  await loadYamlFor(paths)
  const [first, ...more] = paths.flatMap(path => fleetFileOf(path) ?? [])
  if (more[0]) throw new FileError(more[0], `a second fleet file, ${more[0]}: there is ${first} already`)
  if (first !== undefined && given)
    throw new FileError(first, `a fleet file, ${first}, says already what is given`)
  const own = first === undefined ? undefined : await readFleetFile(first)
  const plain = paths.filter(path => fleetFileOf(path) === undefined)
  const entries = [
    ...(own && first !== undefined ? filesOfRules(first, own) : []),
    ...filesOfArguments(plain),
  ].filter(({ file }) => file !== first)
  const { documents, notes: onFiles } = await readDocuments(
    context,
    noSkip ? entries.map(entry => ({ ...entry, named: true })) : entries,
  )
  const { notes, ...fleets } = assembleFleet(context, documents, own ?? given)
  return { ...fleets, notes: [...onFiles, ...notes] }
}

const OTHER_FLEET = 'a fleet file, which does not count here: give its folder by itself'

/** What the files hold. What was remembered of them goes before hosts are made: a large fleet is there only once. */
async function readDocuments(
  context: Context,
  entries: readonly FleetFileEntry[],
): Promise<{ documents: FleetDocument[]; notes: readonly Note[] }> {
  const reader = new FleetReader(context)
  const documents: FleetDocument[] = []
  for (const entry of entries) {
    if (await isOtherFleetFile(entry)) {
      reader.notes.push({ kind: 'dump', source: entry.file, text: OTHER_FLEET })
      continue
    }
    const document = await reader.read(entry)
    if (document) documents.push(document)
  }
  throwAll(reader.errors)
  return { documents, notes: reader.notes }
}

/**
 * The files that paths stand for: of a directory all, of a fleet file itself and those that it speaks of.
 * @throws as `readFleet`
 */
export async function filesOfFleet(paths: readonly string[]): Promise<string[]> {
  await loadYamlFor(paths)
  const files: string[] = []
  for (const path of paths) {
    const named = isYaml(path) && fleetFileOf(path) !== undefined
    if (!named) for (const file of filesOf([path])) files.push(file.path)
    else {
      const rules = await readFleetFile(path)
      files.push(path, ...filesOfRules(path, rules).map(({ file }) => file))
    }
  }
  return files
}

async function readFleetFile(path: string): Promise<Rules> {
  const { readYaml } = await import('../../questions/input/fleet/fleet-yaml.ts')
  const bytes = readWhole(path, LONGEST)
  if (!bytes) throw new ParseError(`too long for a fleet file: more than ${LONGEST} bytes`, path)
  const { content, fault } = readYaml(bytes.toString('utf8'), path)
  return readRules(content, fault)
}

/** A fleet file may list every host of a large fleet. */
const LONGEST = 16 * 2 ** 20

/** A document up to this is read as a whole, and remembered by its hash. */
const WHOLE = 4 * 2 ** 20

/** Reads documents, equal ones once. */
class FleetReader {
  readonly notes: Note[] = []
  /** What is wrong with files that were named. */
  readonly errors: unknown[] = []
  readonly #context: Context
  readonly #known = new Map<string, readonly Member[]>()
  readonly #sets = new Interner()
  readonly #hosts: PrintedHostReader

  constructor(context: Context) {
    this.#context = context
    this.#hosts = new PrintedHostReader(context)
  }

  /** Undefined where the file holds nothing of a fleet, or cannot be read: that is noted, or an error if it was named. */
  async read(entry: FleetFileEntry): Promise<FleetDocument | undefined> {
    const { file, path, pool, named } = entry
    try {
      const { members, hash } = await this.#document(file)
      if (members.length > 0) return { path, name: file, pool, members, hash }
      const note = await noteOfFile(file)
      const like = 'looksLike' in note ? `: it looks like ${note.looksLike}` : ''
      if (named) throw new FileError(file, `File '${file}' holds no host and no guest${like}`)
      this.notes.push(note)
    } catch (error) {
      if (!isBadFile(error)) throw error
      if (named) this.errors.push(error)
      else this.notes.push(await noteOfFile(file, error))
    }
    return undefined
  }

  async #document(file: string): Promise<Pick<FleetDocument, 'members' | 'hash'>> {
    const bytes = isFile(file) ? readWhole(file, WHOLE) : undefined
    const key = bytes === undefined ? undefined : hash('sha256', bytes, 'base64')
    const known = key === undefined ? undefined : this.#known.get(key)
    const members = known ?? (await this.#members(file, bytes ? [bytes] : readBytes(file)))
    if (key !== undefined) this.#known.set(key, members)
    return { members, hash: key }
  }

  /** The member with a set of features that all of the fleet's members with an equal one share: hosts are many, CPUs few. */
  #sharing<T extends Member>(member: T): T {
    const features = this.#sets.intern(member.facts.features).features
    return { ...member, facts: { ...member.facts, features } }
  }

  async #members(file: string, chunks: Iterable<Buffer>): Promise<Member[]> {
    const context = this.#context
    const members: Member[] = []
    try {
      await readFound(file, chunks, {
        hosts: true,
        take: found => {
          for (const member of this.#hosts.read(found, file, one => this.#sharing(one))) members.push(member)
        },
      })
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      throw new ParseError(`${error.message}${hintOnError(context, error)}`, file, 0, 0, '', { cause: error })
    }
    return members
  }
}
