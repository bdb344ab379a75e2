import { createHash } from 'node:crypto'
import { setImmediate as others } from 'node:timers/promises'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { dialectsOf } from '../../formats/dialects.ts'
import { printCollected, reportsIn } from '../../formats/platforms/collected.ts'
import { loadYaml, mayHoldYaml } from '../../formats/yaml.ts'
import type { Context } from '../../questions/context.ts'
import { assembleFleet, documentsOfHosts } from '../../questions/input/fleet/assemble.ts'
import {
  type FleetDocument,
  folderOf,
  type Member,
  poolOfPath,
  stemOf,
} from '../../questions/input/fleet/members.ts'
import { membersOfText } from '../../questions/input/fleet/open-fleet.ts'
import { readRules } from '../../questions/input/fleet/read-rules.ts'
import { isFleetFile, pathsOfRules, type Rules } from '../../questions/input/fleet/rules.ts'
import { noteOfSkipped } from '../../questions/input/skipped.ts'
import { FileError, isBadFile } from './file-error.ts'
import { textOfBytes } from './files.ts'

/** A host as files have it. */
interface SyncedHost {
  readonly id: string
  readonly name: string
  /** Empty: none. */
  readonly pool: string
  readonly files: readonly string[]
  /** SHA-256 of its text, in hex. */
  readonly hash: string
  readonly text: () => string
}

/** What all files said at one time. */
export interface FilesLook {
  /** The commit; undefined: there are none. */
  readonly position: string | undefined
  readonly change:
    | {
        readonly commit: string
        readonly author: string
        readonly at: string
        readonly subject: string
      }
    | undefined
  readonly hosts: readonly SyncedHost[]
  /** The CPUs of pools that the fleet file pins. */
  readonly pinned: ReadonlyMap<string, string>
  /** Files, and folders, of which nothing is known now: hosts that were in them stay as they were. */
  readonly unread: ReadonlySet<string>
  /** What is wrong with files. */
  readonly faults: readonly { readonly file: string; readonly message: string }[]
}

/** A file to read. */
interface Entry {
  readonly path: string
  /** Equal for equal content. */
  readonly key: string
  /** Undefined: it changes at this moment. @throws FileError */
  readonly bytes: () => Buffer | undefined
}

/** A text, or a part of one, that was read. */
interface Piece {
  /** Where it would lie if it were a file of its own. */
  readonly path: string
  readonly hash: string
  readonly members: readonly Member[]
}

interface Known {
  readonly key: string
  readonly pieces: readonly Piece[]
  /** Why it holds nothing; undefined: it does, or nobody expects it to. */
  readonly fault: string | undefined
}

const FLEET_FILE = 'fleet.yaml'

/** Other things are done after so many ms. */
const TURN = 10

/** The files of a fleet: what changed is read anew, and becomes hosts with a text each. */
export class SyncedFiles {
  readonly #context: Context
  readonly #known = new Map<string, Known>()
  /** By their hashes, compressed. */
  readonly #texts = new Map<string, Buffer>()

  constructor(context: Context) {
    this.#context = context
  }

  /** Whether nothing was read yet. */
  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** Whether the file was read as it is. */
  has(path: string, key: string): boolean {
    return this.#known.get(path)?.key === key
  }

  /**
   * @param others that cannot be read now, with why if that is to be said
   * @throws FileError, ParseError for a fleet file that cannot be read
   */
  async read(
    entries: readonly Entry[],
    unreadable: ReadonlyMap<string, string | undefined>,
  ): Promise<Omit<FilesLook, 'position' | 'change'>> {
    const unread = new Set(unreadable.keys())
    const paths = new Set([...entries.map(({ path }) => path), ...unread])
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path)
    let turn = performance.now()
    for (const entry of entries) {
      if (!this.has(entry.path, entry.key) && !(await this.#file(entry))) unread.add(entry.path)
      if (performance.now() - turn < TURN) continue
      await others()
      turn = performance.now()
    }
    const faults = [...unreadable].flatMap(([file, message]) =>
      message === undefined ? [] : { file, message },
    )
    for (const [file, { fault, pieces }] of this.#known) {
      if (fault !== undefined) faults.push({ file, message: fault })
      if (pieces.length === 0 && file !== FLEET_FILE) unread.add(file)
    }
    const found = this.#hosts(await this.#rules(), faults)
    this.#forget()
    return { ...found, unread, faults }
  }

  /** False: it changes at this moment. */
  async #file({ path, key, bytes }: Entry): Promise<boolean> {
    let text = ''
    try {
      const read = bytes()
      if (!read) return false
      text = textOfBytes(read, path)
      if (mayHoldYaml(text)) await loadYaml()
      const isRules = path === FLEET_FILE || isFleetFile(path, text)
      const pieces = isRules ? [] : this.#pieces(path, text)
      if (path === FLEET_FILE) this.#keep(text, FLEET_FILE)
      const fault = isRules || pieces.length > 0 ? undefined : faultOf(path, text)
      this.#known.set(path, { key, pieces, fault })
    } catch (error) {
      if (!isBadFile(error)) throw error
      this.#known.set(path, { key, pieces: [], fault: faultOf(path, text, error) })
    }
    return true
  }

  /** What a file holds, a piece for each host where it has several. @throws ParseError, LibvirtError */
  #pieces(path: string, text: string): Piece[] {
    const whole = this.#piece(path, text)
    if (whole.members.length === 0) return []
    if (hostsIn([whole]) <= 1) return [whole]
    for (const parts of splits(text)) {
      const pieces = parts.map((part, i) => {
        const members = membersOfText(this.#context, part.text, path)
        const called = members.find(one => one.called !== undefined)?.called ?? part.called
        const name = called === undefined ? `${stemOf(path)}-${i + 1}` : join(folderOf(path), called)
        return this.#piece(name, part.text)
      })
      const full = pieces.filter(({ members }) => members.length > 0)
      const isApart = new Set(full.map(one => one.path)).size === full.length
      if (isApart && full.every(one => hostsIn([one]) <= 1) && hostsIn(full) >= hostsIn([whole])) return full
    }
    throw new FileError(path, `describes ${hostsIn([whole])} hosts in one text: write a file for each`)
  }

  #piece(path: string, text: string): Piece {
    return { path, hash: this.#keep(text), members: membersOfText(this.#context, text, path) }
  }

  #keep(text: string, hash = sha256(text)): string {
    if (!this.#texts.has(hash) || hash === FLEET_FILE)
      this.#texts.set(hash, deflateRawSync(text, { level: 1 }))
    return hash
  }

  /** Forgets the texts that no file has any more. */
  #forget(): void {
    const used = new Set([...this.#known.values()].flatMap(({ pieces }) => pieces.map(({ hash }) => hash)))
    for (const [key, hash] of this.#joint) {
      const isUsed = key
        .split('\n')
        .slice(1)
        .every(part => used.has(part))
      if (isUsed) used.add(hash)
      else this.#joint.delete(key)
    }
    for (const hash of this.#texts.keys())
      if (!used.has(hash) && hash !== FLEET_FILE) this.#texts.delete(hash)
  }

  #text(hash: string): string {
    return inflateRawSync(this.#texts.get(hash) ?? Buffer.from([3, 0])).toString('utf8')
  }

  async #rules(): Promise<{ readonly rules: Rules; readonly pinned: ReadonlyMap<string, string> }> {
    const none = (_: unknown, what: string) => new FileError(FLEET_FILE, `${FLEET_FILE}: ${what}`)
    if (!this.#known.has(FLEET_FILE)) return { rules: readRules({}, none), pinned: new Map() }
    const known = this.#known.get(FLEET_FILE)
    if (known?.fault !== undefined) throw new FileError(FLEET_FILE, `${FLEET_FILE}: ${known.fault}`)
    const { readYaml } = await import('../../questions/input/fleet/fleet-yaml.ts')
    const { content, fault } = readYaml(this.#text(FLEET_FILE), FLEET_FILE)
    const rules = readRules(content, fault)
    const kept = (content as { readonly 'kept-cpus'?: Readonly<Record<string, string>> } | undefined)?.[
      'kept-cpus'
    ]
    return { rules, pinned: new Map(Object.entries(kept ?? {})) }
  }

  /** @param faults what else is wrong is put there */
  #hosts(
    { rules, pinned }: { readonly rules: Rules; readonly pinned: ReadonlyMap<string, string> },
    faults: { file: string; message: string }[],
  ): Pick<FilesLook, 'hosts' | 'pinned'> {
    const all = [...this.#known].flatMap(([file, { pieces }]) => pieces.map(piece => ({ ...piece, file })))
    const counted = new Set(pathsOfRules(rules, [...new Set(all.map(({ file }) => file))]))
    const found = all.filter(({ file }) => counted.has(file))
    const byPath = new Map(found.map(piece => [piece.path, piece]))
    const documents = found.map(
      (piece): FleetDocument => ({ ...piece, name: piece.path, pool: poolOfPath(piece.path) }),
    )
    const { fleet, others: more } = assembleFleet(this.#context, documents, rules)
    const sources = documentsOfHosts(documents, rules)
    const guests = guestsByHost([fleet, ...more], found)
    const ids = new Map<string, string>()
    const hosts = [fleet, ...more]
      .flatMap(part => part.hosts)
      .flatMap((host): SyncedHost[] => {
        const own = (sources.get(host.path ?? '') ?? []).flatMap(({ path }) => byPath.get(path) ?? [])
        const pieces = [...new Set([...own, ...(guests.get(host.name) ?? [])])]
        const files = [...new Set(pieces.map(({ file }) => file))]
        const id = idOf(host.name)
        const other = ids.get(id)
        if (other !== undefined || id === '') {
          faults.push({
            file: files[0] ?? '',
            message: other === undefined ? 'no name for a host' : `a second host is called ${id}: ${other}`,
          })
          return []
        }
        ids.set(id, files[0] ?? '')
        const name = host.called === undefined || /^localhost\b/.test(host.called) ? host.name : host.called
        return [{ id, name, pool: host.pool ?? '', files, ...this.#joined(name, pieces, faults) }]
      })
    return { hosts, pinned }
  }

  /** One text of all that is of a host. */
  #joined(
    name: string,
    pieces: readonly (Piece & { readonly file: string })[],
    faults: { file: string; message: string }[],
  ): Pick<SyncedHost, 'hash' | 'text'> {
    const [first, ...more] = pieces
    const hash = first?.hash ?? ''
    if (more.length === 0) return { hash, text: () => this.#text(hash) }
    const key = `${name}\n${pieces.map(one => one.hash).join('\n')}`
    const joined = this.#joint.get(key) ?? this.#join(key, name, pieces)
    if (joined !== undefined && joined !== '') return { hash: joined, text: () => this.#text(joined) }
    for (const { file } of more)
      faults.push({
        file,
        message: `left out: it cannot be stored beside ${first?.file}; virt-cpu collect writes all into one file`,
      })
    return { hash, text: () => this.#text(hash) }
  }

  /** The hashes of joined texts, empty where they cannot be. */
  readonly #joint = new Map<string, string>()

  #join(key: string, name: string, pieces: readonly Piece[]): string {
    const text = printCollected(
      name,
      pieces.map(({ hash }) => this.#text(hash)),
    )
    const hash = text === undefined ? '' : this.#keep(text)
    this.#joint.set(key, hash)
    return hash
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

/** How many hosts texts describe together. */
const hostsIn = (pieces: readonly Piece[]): number =>
  documentsOfHosts(pieces.map(piece => ({ ...piece, name: piece.path }))).size

/** How a text may be cut into hosts: at reports, at what stands around documents, at the members of a list. */
function* splits(
  text: string,
): Generator<readonly { readonly text: string; readonly called?: string | undefined }[]> {
  const reports = reportsIn(text)
  const lines = text.split(/\r\n|[\n\r]/)
  if (reports.length > 1)
    yield reports.map(({ before }, i) => ({
      text: `${lines.slice(before, reports[i + 1]?.before).join('\n')}\n`,
    }))
  const parts = dialectsOf(text).map(([part]) => part)
  if (parts.length > 1) yield parts
  const list = listIn(text)
  if (list.length > 1) yield list.map(one => ({ text: one }))
}

/** The members of a JSON list, each as a list of its own. */
function listIn(text: string): string[] {
  if (!/^\s*[[{]/.test(text)) return []
  try {
    const content: unknown = JSON.parse(text)
    if (Array.isArray(content)) return content.map(one => JSON.stringify([one]))
    const [[key, list] = ['', []], ...more] = Object.entries(content as object).filter(([, value]) =>
      Array.isArray(value),
    )
    if (more.length > 0 || !Array.isArray(list)) return []
    return list.map(one => JSON.stringify({ ...(content as object), [key]: [one] }))
  } catch {
    return []
  }
}

/** Why a file that ought to hold a host does not; undefined: it is something else. */
function faultOf(path: string, text: string, error?: unknown): string | undefined {
  if (error instanceof FileError) return error.message
  const note = noteOfSkipped({ path, text, ...(error !== undefined && { error }) })
  if (note.kind !== 'file-skipped') return undefined
  return `${note.fault}${note.looksLike === undefined ? '' : `; it looks like ${note.looksLike}`}`
}

/** What the inventory knows a host by: its name, in letters that one may have. */
const idOf = (name: string): string =>
  name
    .replaceAll('/', '.')
    .replace(/[^\w.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128)

type Fleets = readonly ReturnType<typeof assembleFleet>['fleet'][]

/** The files of guests alone, by the host that each runs on. */
function guestsByHost<T extends Piece>(
  fleets: Fleets,
  pieces: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const alone = pieces.filter(({ members }) => members.every(({ kind }) => kind === 'guest'))
  const byName = new Map<string, T | undefined>()
  for (const piece of alone)
    for (const member of piece.members)
      if (member.kind === 'guest')
        byName.set(member.facts.name, byName.has(member.facts.name) ? undefined : piece)
  const found = new Map<string, T[]>()
  for (const { name, host } of fleets.flatMap(({ guests }) => guests)) {
    const piece = byName.get(name)
    if (piece && host !== undefined) found.set(host, [...(found.get(host) ?? []), piece])
  }
  return found
}
