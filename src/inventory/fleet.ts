import { sql } from 'kysely'
import { BadRequest, type Context } from '../questions/context.ts'
import type { OpenedFleet } from '../questions/input/fleet/open-fleet.ts'
import { pinnedCpus } from './pools.ts'
import { rowsOf } from './report.ts'
import type { Db, Identity } from './schema.ts'
import { type FleetOf, openStoredFleet, type StoredFleet } from './stored-fleet.ts'

interface HostRow {
  readonly id: string
  readonly name: string
  readonly pool: string
  readonly profile: number
  readonly identity: Identity
  /** Hash of a text with guests. */
  readonly text: string | null
}

/** The hosts as a fleet. @throws BadRequest for a pool that nobody is in */
export async function fleetOf(db: Db, context: Context, of: FleetOf): Promise<OpenedFleet> {
  const stored = await readStoredFleet(db, of)
  if (stored.hosts.length === 0 && of.pool !== undefined)
    throw new BadRequest(`no host of the inventory is in a pool called ${of.pool || 'so'}`)
  return openStoredFleet(context, stored)
}

/** The hosts, with a text of each profile and the texts that have guests. */
export async function readStoredFleet(db: Db, { pool, time, within }: FleetOf): Promise<StoredFleet> {
  const rows = await hostsAt(db, { pool, time })
  const hosts = rows.map(({ text, ...row }) => (text === null ? row : { ...row, text }))
  const pools = new Set(rows.map(row => row.pool))
  const pinned = (await pinnedCpus(db, time)).flatMap(one =>
    one.cpu !== undefined && pools.has(one.pool) ? [[one.pool, one.cpu] as const] : [],
  )
  return {
    hosts,
    profiles: await profileTexts(db, [...new Set(rows.map(({ profile }) => profile))]),
    texts: await ownTexts(db, [...new Set(rows.flatMap(({ text }) => text ?? []))]),
    pinned: Object.fromEntries(pinned),
    ...(within !== undefined && time === undefined && { late: await lateHosts(db, pool, within) }),
  }
}

/** Which hosts did not report within so many seconds. */
async function lateHosts(db: Db, pool: string | undefined, within: number): Promise<StoredFleet['late']> {
  const ofPool = pool === undefined ? sql`true` : sql`pool = ${pool}`
  const { rows } = await sql<{ now: Date; late: Readonly<Record<string, number>> | null }>`
    with clock as (select date_trunc('milliseconds', clock_timestamp()) as now)
    select now, (
      select jsonb_object_agg(id, floor(extract(epoch from seen) * 1000)) from host
      where ${ofPool} and seen < now - make_interval(secs => ${within})
    ) as late from clock`.execute(db)
  const { now = new Date(0), late } = rows[0] ?? {}
  return { readAt: now.getTime(), reported: late ?? {} }
}

async function hostsAt(db: Db, { pool, time }: FleetOf): Promise<readonly HostRow[]> {
  const text = sql`case when guests > 0 then encode(evidence, 'hex') end as text`
  const columns = sql`name, pool, profile, identity, ${text}`
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

async function profileTexts(db: Db, ids: readonly number[]): Promise<StoredFleet['profiles']> {
  const wanted = rowsOf(
    ids.map(id => ({ id })),
    'id integer',
  )
  const { rows } = await sql<StoredFleet['profiles'][number]>`
    select p.id as key, e.text from ${wanted}
      join profile p using (id) join evidence e on e.hash = p.evidence`.execute(db)
  return rows
}

const AT_ONCE = 500

async function ownTexts(db: Db, hashes: readonly string[]): Promise<StoredFleet['texts']> {
  const found: StoredFleet['texts'][number][] = []
  for (let i = 0; i < hashes.length; i += AT_ONCE) {
    const part = hashes.slice(i, i + AT_ONCE).map(hash => ({ hash }))
    const { rows } = await sql<StoredFleet['texts'][number]>`
      select t.hash as key, e.text from ${rowsOf(part, 'hash text')} join evidence e on e.hash = decode(t.hash, 'hex')
    `.execute(db)
    found.push(...rows)
  }
  return found
}
