import { sql } from 'kysely'
import { BadRequest, type Context } from '../questions/context.ts'
import { assembleFleet } from '../questions/input/fleet/assemble.ts'
import type { FleetDocument, Member } from '../questions/input/fleet/members.ts'
import { type OpenedFleet, openedFleet } from '../questions/input/fleet/open-fleet.ts'
import { readRules } from '../questions/input/fleet/read-rules.ts'
import type { Rules } from '../questions/input/fleet/rules.ts'
import { membersFor, type ReadHost, readHostText } from './derive.ts'
import type { FleetOf } from './inventory.ts'
import { pinnedCpus } from './pools.ts'
import { rowsOf, textOfEvidence } from './report.ts'
import type { Db, Identity } from './schema.ts'

interface HostRow {
  readonly id: string
  readonly name: string
  readonly pool: string
  readonly profile: number
  readonly evidence: string
  readonly identity: Identity
  readonly guests: number
}

/** The hosts as a fleet, each as if its text stood in a file called by its id. @throws BadRequest for a pool that nobody is in */
export async function fleetOf(db: Db, context: Context, { pool, time }: FleetOf): Promise<OpenedFleet> {
  const rows = await hostsAt(db, { pool, time })
  if (rows.length === 0 && pool !== undefined)
    throw new BadRequest(`no host of the inventory is in a pool called ${pool || 'so'}`)
  const documents = await documentsOf(db, context, rows)
  const pools = new Set(rows.map(row => row.pool))
  const pinned = (await pinnedCpus(db, time)).filter(decision => pools.has(decision.pool))
  return openedFleet(context, assembleFleet(context, documents, rulesOf(pinned)))
}

async function hostsAt(db: Db, { pool, time }: FleetOf): Promise<readonly HostRow[]> {
  const columns = sql`name, pool, profile, encode(evidence, 'hex') as evidence, identity, guests`
  const ofPool = pool === undefined ? sql`true` : sql`pool = ${pool}`
  const query =
    time === undefined
      ? sql<HostRow>`select id, ${columns} from host where ${ofPool}`
      : sql<HostRow>`select host as id, ${columns} from history
          where since <= ${time} and (until is null or until > ${time}) and ${ofPool}`
  const { rows } = await query.execute(db)
  // In JavaScript: the order of a million rows is not the database's work.
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

const rulesOf = (pinned: readonly { readonly pool: string; readonly cpu: string | undefined }[]) =>
  pinned.length === 0
    ? undefined
    : readRules({ 'kept-cpus': Object.fromEntries(pinned.map(({ pool, cpu }) => [pool, cpu])) }, pinFault)

const pinFault: Rules['fault'] = ([, pool], what) => new BadRequest(`the pinned CPU of ${pool} ${what}`)

/** A text of each profile is read, and of hosts with guests their own. */
async function documentsOf(db: Db, context: Context, rows: readonly HostRow[]): Promise<FleetDocument[]> {
  const profiles = await profilesOf(db, context, [...new Set(rows.map(({ profile }) => profile))])
  const own = await guestsOf(db, context, rows)
  const counts = new Map<string, number>()
  for (const { name } of rows) counts.set(name, (counts.get(name) ?? 0) + 1)
  return rows.map(({ id, name, pool, profile, evidence, identity }) => {
    const known = profiles.get(profile)
    if (!known) throw new RangeError(`profile ${profile} has no text`)
    const members = own.get(evidence) ?? membersFor(known.own, known.identity, identity)
    return { path: id, name: counts.get(name) === 1 ? name : id, pool: pool || undefined, members }
  })
}

async function profilesOf(
  db: Db,
  context: Context,
  ids: readonly number[],
): Promise<ReadonlyMap<number, ReadHost>> {
  const { rows } = await sql<{ id: number; text: Uint8Array }>`
    select p.id, e.text from ${rowsOf(
      ids.map(id => ({ id })),
      'id integer',
    )}
      join profile p using (id) join evidence e on e.hash = p.evidence`.execute(db)
  const read = new Map<number, ReadHost>()
  for (const { id, text } of rows)
    read.set(id, await readHostText(context, textOfEvidence(text), `profile ${id}`))
  return read
}

/** The members of texts with guests, by their hashes. */
async function guestsOf(db: Db, context: Context, rows: readonly HostRow[]) {
  const found = new Map<string, readonly Member[]>()
  const hashes = [...new Set(rows.flatMap(({ guests, evidence }) => (guests > 0 ? evidence : [])))]
  const AT_ONCE = 500
  for (let i = 0; i < hashes.length; i += AT_ONCE) {
    const part = hashes.slice(i, i + AT_ONCE).map(hash => ({ hash }))
    const { rows: texts } = await sql<{ hash: string; text: Uint8Array }>`
      select t.hash, e.text from ${rowsOf(part, 'hash text')} join evidence e on e.hash = decode(t.hash, 'hex')
    `.execute(db)
    for (const { hash, text } of texts) {
      const { own, guests } = await readHostText(context, textOfEvidence(text), hash)
      found.set(hash, [...own, ...guests])
    }
  }
  return found
}
