import { ParseError } from '../core/parse-error.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { loadYaml, mayHoldYaml } from '../formats/yaml.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import { assembleFleet, type ReadFleet } from '../questions/input/fleet/assemble.ts'
import type { FleetDocument, Member, OwnFacts } from '../questions/input/fleet/members.ts'
import { membersOfText, type OpenedFleet, openedFleet } from '../questions/input/fleet/open-fleet.ts'
import { readRules } from '../questions/input/fleet/read-rules.ts'
import type { RuleFault } from '../questions/input/fleet/rules.ts'
import type { Identity } from './schema.ts'

/** Which hosts, and when. */
export interface FleetOf {
  /** Absent: of all pools. */
  readonly pool?: string | undefined
  /** Absent: now. */
  readonly time?: Date | undefined
  /** Which hosts did not report within so many seconds is wanted too; known of now alone. */
  readonly within?: number | undefined
}

/**
 * The hosts of an inventory as plain data, which may be sent to another process. Each part is one line of JSON, a
 * `StoredPart`.
 */
export interface StoredFleet {
  /** How many there are. */
  readonly hosts: number
  readonly parts: AsyncIterable<string>
}

/** Part of a stored fleet: hosts, texts that these need, or the pinned CPUs by pool. */
interface StoredPart {
  readonly groups?: readonly StoredGroup[]
  /** A text of each profile, raw-deflated, in Base64. */
  readonly profiles?: Readonly<Record<string, string>>
  /** The texts that have guests, as those of profiles. */
  readonly texts?: Readonly<Record<string, string>>
  readonly pinned?: Readonly<Record<string, string>>
  /** When hosts were late or not, by the database's clock, in ms since 1970; absent: that was not wanted. */
  readonly readAt?: number
}

/** Values of hosts, in their order; absent: none has one. */
type Values = readonly (string | null)[] | undefined

/** Hosts of a pool that differ in who they are alone. Several parts may have such of one pool and profile. */
interface StoredGroup {
  readonly pool: string
  /** Number of the profile: all that a host's text says but who it is. */
  readonly profile: number
  readonly ids: readonly string[]
  readonly names: readonly string[]
  readonly called?: Values
  readonly uuid?: Values
  readonly reported?: Values
  readonly tscHz?: Values
  /** Hash of a host's own text, where that has guests. */
  readonly text?: Values
  /** When a host reported last that is late, in ms since 1970. */
  readonly late?: Values
}

/** How a stored fleet is opened. */
interface OpeningOptions {
  /** What a fleet file says; its kept CPUs count before those that are pinned. */
  readonly rules?: Readonly<Record<string, unknown>> | undefined
  /** Makes a text of what a stored fleet has of it. */
  readonly unpack: (packed: string) => string | Promise<string>
  /** Is told how many hosts were read. */
  readonly onRead?: (hosts: number) => void
}

/**
 * The hosts as a fleet, each as if its text stood in a file called by its id. A text of each profile is read, and of hosts
 * with guests their own.
 * @throws ParseError for rules that fit no host
 */
export async function openStoredFleet(
  context: Context,
  parts: AsyncIterable<string> | Iterable<string>,
  { rules, unpack, onRead = () => {} }: OpeningOptions,
): Promise<OpenedFleet> {
  const readText = async (text: string, source: string) => {
    const unpacked = await unpack(text)
    if (mayHoldYaml(unpacked)) await loadYaml()
    return membersOfText(context, unpacked, source)
  }
  const { documents, pinned, late } = await readParts(parts, readText, onRead)
  const kept = { ...pinned, ...(rules?.['kept-cpus'] as object | undefined) }
  const hasKept = Object.keys(kept).length > 0
  const said = hasKept || rules ? { ...rules, ...(hasKept && { 'kept-cpus': kept }) } : undefined
  const read = assembleFleet(context, documents, said && readRules(said, faultOf))
  return openedFleet(context, late ? withReports(read, late) : read)
}

/** Hosts that did not report in time; times are milliseconds since 1970. */
interface LateHosts {
  readonly readAt: number
  /** When they reported last, by their ids. */
  readonly reported: ReadonlyMap<string, number>
}

/** Those that are not late count as if they had just reported. */
function withReports(read: ReadFleet, { readAt, reported }: LateHosts): ReadFleet {
  const at = (time: number) => new Date(time).toISOString()
  const now = at(readAt)
  const told = (fleet: Fleet): Fleet => ({
    ...fleet,
    readAt,
    hosts: fleet.hosts.map(host => {
      const time = reported.get(host.path ?? '')
      return { ...host, reported: time === undefined ? now : at(time) }
    }),
  })
  return { ...read, fleet: told(read.fleet), others: read.others.map(told) }
}

const faultOf: RuleFault = (path, what) => new ParseError(`${['fleet', ...path].join('.')}: ${what}`)

type ReadMembers = (packed: string, source: string) => Promise<readonly Member[]>

interface ReadParts {
  readonly documents: readonly FleetDocument[]
  readonly pinned: Readonly<Record<string, string>>
  readonly late: LateHosts | undefined
}

async function readParts(
  parts: AsyncIterable<string> | Iterable<string>,
  read: ReadMembers,
  onRead: (hosts: number) => void,
): Promise<ReadParts> {
  let count = 0
  const groups: StoredGroup[] = []
  const profiles = new Map<number, SharedMembers>()
  const texts = new Map<string, readonly Member[]>()
  let pinned = {}
  let readAt: number | undefined
  for await (const line of parts) {
    const part = JSON.parse(line) as StoredPart
    for (const group of part.groups ?? []) {
      groups.push(group)
      count += group.ids.length
    }
    if (part.groups) onRead(count)
    for (const [key, packed] of Object.entries(part.profiles ?? {})) {
      const own = (await read(packed, `profile ${key}`)).filter(({ kind }) => kind !== 'guest')
      profiles.set(Number(key), new SharedMembers(own))
    }
    for (const [hash, packed] of Object.entries(part.texts ?? {})) {
      const members = await read(packed, hash)
      const guests = members.filter(({ kind }) => kind === 'guest')
      texts.set(hash, [...members.filter(({ kind }) => kind !== 'guest'), ...guests])
    }
    if (part.pinned) pinned = part.pinned
    readAt ??= part.readAt
  }
  const late = readAt === undefined ? undefined : { readAt, reported: lateIn(groups) }
  return { documents: documentsOf(groups, profiles, texts), pinned, late }
}

const lateIn = (groups: readonly StoredGroup[]): ReadonlyMap<string, number> =>
  new Map(
    groups.flatMap(({ ids, late = [] }) =>
      ids.flatMap((id, i) => (late[i] ? [[id, Number(late[i])] as const] : [])),
    ),
  )

function documentsOf(
  groups: readonly StoredGroup[],
  profiles: ReadonlyMap<number, SharedMembers>,
  texts: ReadonlyMap<string, readonly Member[]>,
): FleetDocument[] {
  const counts = new Map<string, number>()
  for (const { names } of groups) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const documents = groups.flatMap(group => {
    const { ids, names, pool, profile, text } = group
    const known = profiles.get(profile)
    if (!known) throw new RangeError(`profile ${profile} has no text`)
    return ids.map((id, i): FleetDocument => {
      const name = names[i] ?? id
      const own = texts.get(text?.[i] ?? '')
      return {
        path: id,
        name: counts.get(name) === 1 ? name : id,
        pool: pool || undefined,
        members: own ?? known.of(identityIn(group, i)),
      }
    })
  })
  return documents.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const identityIn = ({ called, uuid, reported, tscHz }: StoredGroup, i: number): Identity => ({
  called: called?.[i] ?? undefined,
  uuid: uuid?.[i] ?? undefined,
  reported: reported?.[i] ?? undefined,
  tscHz: tscHz?.[i] ?? undefined,
})

/**
 * Which hosts a name means: `inventory` all, `inventory:blue` those of a pool, `inventory:` those of none; `@2026-11-01`, a
 * day's begin in UTC, or `@2026-11-01T12:30Z` as they were. After a pool whose label has an `@` comes another.
 * @throws BadRequest
 */
export function parseFleetName(name: unknown): FleetOf {
  const match = typeof name === 'string' ? /^inventory(?::(.*?))?(?:@([^@]*))?$/s.exec(name) : null
  if (!match)
    throw new BadRequest(
      `fleet: must be what a fleet file says, or hosts of the inventory such as "inventory:blue@2026-11-01"`,
    )
  const [, pool, at] = match
  return { pool, time: at ? parseTime(at) : undefined }
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** @throws BadRequest */
function parseTime(text: string): Date {
  const time = TIME.test(text) ? new Date(text) : undefined
  // 2026-02-30 is no day, and JavaScript makes another of it.
  if (time && !Number.isNaN(time.getTime()) && isDay(text.slice(0, 10))) return time
  throw new BadRequest(
    `fleet: '${text}' is no time: give a day such as 2026-11-01, or 2026-11-01T12:30Z with its zone`,
  )
}

const isDay = (day: string): boolean => new Date(day).toISOString().startsWith(day)

/** Where a value of an identity stands in a member. */
type Own = { readonly [Key in (typeof IDENTITY_KEYS)[number]]?: string | undefined }

/** The parts of an identity. */
export const IDENTITY_KEYS = ['called', 'uuid', 'reported', 'tscHz'] as const satisfies (keyof Identity)[]

/** What a member says of who its host is. */
export const ownOf = ({ called, report, facts, own = facts as OwnFacts }: Member): Own => ({
  called,
  uuid: own.uuid,
  reported: report?.name,
  tscHz: own.tscHz?.toString(),
})

/** Who the host of these members is. */
export function findIdentity(members: readonly Member[]): Identity {
  const all = members.map(ownOf)
  const found = IDENTITY_KEYS.map(key => [key, all.find(own => own[key] !== undefined)?.[key]] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}

/** The members of a text, for other hosts of which texts say the same but for who they are. */
class SharedMembers {
  readonly #members: readonly { readonly member: Member; readonly is: Own; readonly follows: Follows }[]

  /** @param members what describes the host itself */
  constructor(members: readonly Member[]) {
    const identity = findIdentity(members)
    this.#members = members.map(member => {
      const is = ownOf(member)
      const follows = Object.fromEntries(IDENTITY_KEYS.map(key => [key, is[key] === identity[key]]))
      return { member, is, follows: follows as Follows }
    })
  }

  /** The members as those of another host, with which it shares their facts. */
  of(host: Identity): readonly Member[] {
    const reports = new Map<unknown, { readonly name?: string | undefined }>()
    return this.#members.map(({ member, is, follows }) => {
      const { report } = member
      const tscHz = follows.tscHz ? host.tscHz : is.tscHz
      if (report && !reports.has(report))
        reports.set(report, { ...report, name: follows.reported ? host.reported : is.reported })
      return {
        ...member,
        called: follows.called ? host.called : is.called,
        report: report && reports.get(report),
        own: {
          uuid: follows.uuid ? host.uuid : is.uuid,
          tscHz: tscHz === undefined ? undefined : BigInt(tscHz),
        },
      } as Member
    })
  }
}

/** Whether a member's values are those of the host's identity. */
type Follows = Readonly<Record<keyof Own, boolean>>
