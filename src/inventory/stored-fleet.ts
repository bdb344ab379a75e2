import { ParseError } from '../core/parse-error.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import { assembleFleet, type ReadFleet } from '../questions/input/fleet/assemble.ts'
import type { FleetDocument, Member } from '../questions/input/fleet/members.ts'
import { type OpenedFleet, openedFleet } from '../questions/input/fleet/open-fleet.ts'
import { readRules } from '../questions/input/fleet/read-rules.ts'
import type { RuleFault } from '../questions/input/fleet/rules.ts'
import { membersFor, type ReadHost, readHostText, textOfEvidence } from './derive.ts'
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

/** A host of a stored fleet. */
interface StoredFleetHost {
  readonly id: string
  readonly name: string
  readonly pool: string
  /** Number of its profile: all that its text says but who it is. */
  readonly profile: number
  readonly identity: Identity
  /** Hash of its own text, where that has guests. */
  readonly text?: string | undefined
}

/** A text as it is stored, compressed. */
interface StoredText<Key> {
  readonly key: Key
  readonly text: Uint8Array
}

/** The hosts of an inventory as plain data, which may be sent to another process. */
export interface StoredFleet {
  readonly hosts: readonly StoredFleetHost[]
  /** A text of each profile. */
  readonly profiles: readonly StoredText<number>[]
  /** The texts that have guests. */
  readonly texts: readonly StoredText<string>[]
  /** The pinned CPUs, by pool. */
  readonly pinned: Readonly<Record<string, string>>
  /** Absent: it was not wanted. */
  readonly late?: LateHosts | undefined
}

/** Hosts that did not report within some time; times are milliseconds since 1970, by the database's clock. */
interface LateHosts {
  readonly readAt: number
  /** When they reported last, by their ids. */
  readonly reported: Readonly<Record<string, number>>
}

/**
 * The hosts as a fleet, each as if its text stood in a file called by its id. A text of each profile is read, and of hosts
 * with guests their own.
 * @param rules what a fleet file says; its kept CPUs count before those that are pinned
 * @throws ParseError for rules that fit no host
 */
export async function openStoredFleet(
  context: Context,
  stored: StoredFleet,
  rules?: Readonly<Record<string, unknown>>,
): Promise<OpenedFleet> {
  const documents = await documentsOf(context, stored)
  const kept = { ...stored.pinned, ...(rules?.['kept-cpus'] as object | undefined) }
  const hasKept = Object.keys(kept).length > 0
  const said = hasKept || rules ? { ...rules, ...(hasKept && { 'kept-cpus': kept }) } : undefined
  const read = assembleFleet(context, documents, said && readRules(said, faultOf))
  return openedFleet(context, stored.late ? withReports(read, stored.late) : read)
}

/** Those that are not late count as if they had just reported. */
function withReports(read: ReadFleet, { readAt, reported }: LateHosts): ReadFleet {
  const at = (time: number) => new Date(time).toISOString()
  const times = new Map(Object.entries(reported).map(([id, time]) => [id, at(time)]))
  const told = (fleet: Fleet): Fleet => ({
    ...fleet,
    readAt,
    hosts: fleet.hosts.map(host => ({ ...host, reported: times.get(host.path ?? '') ?? at(readAt) })),
  })
  return { ...read, fleet: told(read.fleet), others: read.others.map(told) }
}

const faultOf: RuleFault = (path, what) => new ParseError(`${['fleet', ...path].join('.')}: ${what}`)

async function documentsOf(context: Context, stored: StoredFleet): Promise<FleetDocument[]> {
  const profiles = new Map<number, ReadHost>()
  for (const { key, text } of stored.profiles)
    profiles.set(key, await readHostText(context, textOfEvidence(text), `profile ${key}`))
  const own = new Map<string, readonly Member[]>()
  for (const { key, text } of stored.texts) {
    const read = await readHostText(context, textOfEvidence(text), key)
    own.set(key, [...read.own, ...read.guests])
  }
  const counts = new Map<string, number>()
  for (const { name } of stored.hosts) counts.set(name, (counts.get(name) ?? 0) + 1)
  return stored.hosts.map(({ id, name, pool, profile, text, identity }) => {
    const known = profiles.get(profile)
    if (!known) throw new RangeError(`profile ${profile} has no text`)
    const members = (text && own.get(text)) || membersFor(known.own, known.identity, identity)
    return { path: id, name: counts.get(name) === 1 ? name : id, pool: pool || undefined, members }
  })
}

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
