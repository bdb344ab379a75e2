import { setImmediate as pause } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import { BadRequest, type Context } from '../questions/context.ts'
import type { OpenedFleet } from '../questions/input/fleet/open-fleet.ts'
import { textOfEvidence } from './derive.ts'
import { pinnedCpus } from './pools.ts'
import type { Db } from './schema.ts'
import { type FleetOf, openStoredFleet, type StoredFleet } from './stored-fleet.ts'

/** The hosts as a fleet. @throws BadRequest for a pool that nobody is in */
export async function fleetOf(db: Db, context: Context, of: FleetOf): Promise<OpenedFleet> {
  const { hosts, parts } = await readStoredFleet(db, of)
  if (hosts === 0 && of.pool !== undefined)
    throw new BadRequest(`no host of the inventory is in a pool called ${of.pool || 'so'}`)
  return openStoredFleet(context, parts, { unpack: textOfEvidence })
}

/** Hosts that are read by one statement: a folder's database keeps Node from all else meanwhile. */
const AT_ONCE = 2500

/** As many texts of hosts with guests are read at once. */
const TEXTS = 50

/**
 * The hosts, as the database itself writes them: what runs here does not grow with each. A host is as it is when its
 * part is read; those of a time past are all of one moment.
 */
export async function readStoredFleet(db: Db, of: FleetOf): Promise<StoredFleet> {
  const { pool, time, within } = of
  const ofPool = pool === undefined ? sql`true` : sql`pool = ${pool}`
  const counted =
    time === undefined
      ? sql<{ hosts: number }>`select coalesce(sum(n), 0)::integer as hosts from pool_cpu where ${ofPool}`
      : sql<{
          hosts: number
        }>`select count(*)::integer as hosts from history where ${wasThen(time)} and ${ofPool}`
  const { rows } = await counted.execute(db)
  const late = time === undefined && within !== undefined ? { readAt: await clockOf(db), within } : undefined
  return { hosts: rows[0]?.hosts ?? 0, parts: partsOf(db, of, late) }
}

/** Which hosts are late: those that did not report within so many seconds before. */
interface Late {
  readonly readAt: Date
  readonly within: number
}

async function clockOf(db: Db): Promise<Date> {
  const { rows } = await sql<{
    now: Date
  }>`select date_trunc('milliseconds', clock_timestamp()) as now`.execute(db)
  return rows[0]?.now ?? new Date(0)
}

const wasThen = (time: Date): RawBuilder<unknown> =>
  sql`since <= ${time} and (until is null or until > ${time})`

async function* partsOf(db: Db, of: FleetOf, late: Late | undefined): AsyncGenerator<string> {
  if (late) yield JSON.stringify({ readAt: late.readAt.getTime() })
  const profiles = new Set<number>()
  const pools = new Set<string>()
  for (let after: string | null = ''; after !== null; ) {
    const page: Page = await pageOf(db, of, after, late)
    if (page.groups !== null) yield `{"groups":[${page.groups}]}`
    const fresh = (page.profiles ?? []).filter(id => !profiles.has(id))
    for (const id of fresh) profiles.add(id)
    for (const label of page.pools ?? []) pools.add(label)
    if (fresh.length > 0) yield* profileTexts(db, fresh)
    yield* ownTexts(db, page.texts ?? [])
    after = page.count < AT_ONCE ? null : page.last
    await pause()
  }
  const pinned = (await pinnedCpus(db, of.time)).filter(({ pool }) => pools.has(pool))
  if (pinned.length > 0)
    yield JSON.stringify({ pinned: Object.fromEntries(pinned.map(({ pool, cpu }) => [pool, cpu])) })
}

/** Hosts in the order of their ids, by pool and profile; of none all is null. */
interface Page {
  readonly count: number
  readonly last: string | null
  /** Groups as JSON, between commas. */
  readonly groups: string | null
  readonly profiles: readonly number[] | null
  readonly pools: readonly string[] | null
  /** The hashes of texts with guests. */
  readonly texts: readonly string[] | null
}

async function pageOf(db: Db, of: FleetOf, after: string, late: Late | undefined): Promise<Page> {
  const { rows } = await sql<Page>`
    with page as materialized (${hostsBehind(of, after, late)}), alike as (
      select pool, profile, json_strip_nulls(json_build_object(
          'pool', pool, 'profile', profile, 'ids', array_agg(id), 'names', array_agg(name),
          ${sql.join(OWN.map(([key, value]) => sql`${sql.lit(key)}, ${listOf(value)}`))}
        ))::text as line
      from page group by pool, profile
    )
    select (select count(*)::integer from page) as count, (select max(id) from page) as last,
      string_agg(line, ',') as groups, array_agg(distinct profile) as profiles, array_agg(distinct pool) as pools,
      (select array_agg(distinct text) from page where text is not null) as texts
    from alike`.execute(db)
  const [page] = rows
  if (!page) throw new RangeError('what is counted has a row')
  return page
}

function hostsBehind({ pool, time }: FleetOf, after: string, late: Late | undefined): RawBuilder<unknown> {
  const id = sql.raw(time === undefined ? 'id' : 'host')
  const seen = late
    ? sql`case when seen < ${late.readAt}::timestamptz - make_interval(secs => ${late.within})
        then floor(extract(epoch from seen) * 1000)::text end`
    : sql`null::text`
  return sql`
    select ${id} as id, name, pool, profile, identity,
      case when guests > 0 then encode(evidence, 'hex') end as text, ${seen} as late
    from ${sql.raw(time === undefined ? 'host' : 'history')}
    where ${id} > ${after} and ${time === undefined ? sql`true` : wasThen(time)}
      and ${pool === undefined ? sql`true` : sql`pool = ${pool}`}
    order by ${id} limit ${sql.lit(AT_ONCE)}`
}

/** What a host may have of its own, and what that is in SQL. */
const OWN = [
  ...['called', 'uuid', 'reported', 'tscHz'].map(key => [key, `identity->>'${key}'`] as const),
  ['text', 'text'],
  ['late', 'late'],
] as const

/** Null where all values are. */
const listOf = (value: string): RawBuilder<unknown> =>
  sql.raw(`case when count(${value}) > 0 then array_agg(${value}) end`)

async function* profileTexts(db: Db, ids: readonly number[]): AsyncGenerator<string> {
  for (let i = 0; i < ids.length; i += TEXTS) {
    const { rows } = await sql<{ line: string }>`
      select json_object_agg(p.id, ${PACKED})::text as line
      from profile p join evidence e on e.hash = p.evidence where p.id = any(${ids.slice(i, i + TEXTS)}::integer[])`.execute(
      db,
    )
    for (const { line } of rows) yield `{"profiles":${line}}`
  }
}

async function* ownTexts(db: Db, hashes: readonly string[]): AsyncGenerator<string> {
  for (let i = 0; i < hashes.length; i += TEXTS) {
    const wanted = hashes.slice(i, i + TEXTS)
    const { rows } = await sql<{ line: string | null }>`
      select json_object_agg(encode(e.hash, 'hex'), ${PACKED})::text as line from evidence e
      where e.hash = any(select decode(hash, 'hex') from unnest(${wanted}::text[]) hash)`.execute(db)
    for (const { line } of rows) if (line !== null) yield `{"texts":${line}}`
  }
}

/** PostgreSQL breaks Base64 into lines. */
const PACKED = sql`translate(encode(e.text, 'base64'), e'\n', '')`
