import { sql } from 'kysely'
import { limitOf } from './hosts.ts'
import type { ChangePage, ChangeSearch, HostChange, InventoryEvent, PastHost, Timeline } from './inventory.ts'
import { rowsOf } from './report.ts'
import type { Db, StoredFacts } from './schema.ts'
import { type Layout, namesOfBits } from './schema.ts'

/** What a host was at one of the two times; `since` is null where it was not there. */
interface PastRow {
  readonly host: string
  readonly is_after: boolean
  readonly since: Date | null
  readonly until: Date | null
  readonly name: string
  readonly pool: string
  readonly profile: number
  readonly evidence: string
}

/** Later than all that is stored. */
const END_OF_TIME = new Date('9999-12-31T00:00:00Z')

/** Which hosts are others than they were: those whose history begins or ends in between are compared. */
export async function findChanges(db: Db, layout: Layout, search: ChangeSearch): Promise<ChangePage> {
  const { from, to = END_OF_TIME, pool, after } = search
  const limit = limitOf(search.limit ?? 1000, 10_000)
  const behind = after === undefined ? sql`true` : sql`host > ${after}`
  // The last that began before a time is found by the key, for each host alone.
  const { rows } = await sql<PastRow>`
    with touched as (
      select host from history where since > ${from} and since <= ${to} and ${behind}
      union select host from history where until > ${from} and until <= ${to} and ${behind}
      order by host limit ${limit + 1}
    )
    select t.host, w.is_after, h.since, h.until, h.name, h.pool, h.profile, encode(h.evidence, 'hex') as evidence
    from touched t
    cross join (values (false, ${from}::timestamptz), (true, ${to}::timestamptz)) w(is_after, at)
    left join lateral (
      select * from history h where h.host = t.host and h.since <= w.at order by h.since desc limit 1
    ) h on h.until is null or h.until > w.at
    order by t.host, w.is_after`.execute(db)
  const pairs: Pair[] = []
  for (let i = 0; i + 1 < rows.length && pairs.length < limit; i += 2)
    pairs.push({ before: rows[i], after: rows[i + 1] })
  const wanted = pairs.filter(pair => differs(pair) && (pool === undefined || isIn(pair, pool)))
  const changes = await changesOf(db, layout, wanted)
  return { changes, next: rows.length / 2 > limit ? pairs.at(-1)?.before?.host : undefined }
}

interface Pair {
  readonly before: PastRow | undefined
  readonly after: PastRow | undefined
}

/** Whether anything but the time differs. */
const differs = ({ before, after }: Pair): boolean =>
  before?.name !== after?.name || before?.pool !== after?.pool || before?.profile !== after?.profile

const isIn = ({ before, after }: Pair, pool: string): boolean => before?.pool === pool || after?.pool === pool

/** What is compared of profiles: hosts are many, their profiles few. */
interface Profile {
  readonly id: number
  readonly cpu: number
  readonly arch: string
  readonly facts: StoredFacts
  /** Names of features. */
  readonly offered: readonly string[]
}

async function changesOf(db: Db, layout: Layout, pairs: readonly Pair[]): Promise<HostChange[]> {
  const rows = pairs.flatMap(({ before, after }) => [before ?? [], after ?? []].flat())
  const profiles = await profilesOf(db, layout, [...new Set(rows.map(({ profile }) => profile))])
  const reporters = await reportersOf(db, [...new Set(rows.map(({ host }) => host))])
  const differences = new Map<string, readonly string[]>()
  const missing = (from: Profile | undefined, to: Profile | undefined): readonly string[] => {
    if (!from || !to || from.arch !== to.arch) return []
    const key = `${from.cpu} ${to.cpu}`
    const known = differences.get(key) ?? from.offered.filter(name => !to.offered.includes(name))
    differences.set(key, known)
    return known
  }
  return pairs.map(({ before, after }) => {
    const [old, now] = [before, after].map(row => row && profiles.get(row.profile))
    return {
      id: before?.host ?? '',
      before: pastOf(before, old),
      after: pastOf(after, now),
      lost: missing(old, now),
      gained: missing(now, old),
      reporter: reporters.get(before?.host ?? '') ?? undefined,
    }
  })
}

async function reportersOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const { rows } = await sql<{ id: string; reporter: string | null }>`
    select id, reporter from host where id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map(({ id, reporter }) => [id, reporter]))
}

/**
 * How many hosts came, changed or went in each of so many equal parts of the time since the first report. What all began
 * with is no change.
 */
export async function readTimeline(
  db: Db,
  { pool, parts }: { readonly pool?: string | undefined; readonly parts: number },
): Promise<Timeline> {
  const ofPool = pool === undefined ? sql`true` : sql`pool = ${pool}`
  const { rows: ends } = await sql<{ first: Date | null; now: Date }>`
    select (select min(since) from history where ${ofPool}) as first,
      date_trunc('milliseconds', clock_timestamp()) as now`.execute(db)
  const { first, now } = ends[0] ?? { first: null, now: new Date(0) }
  if (!first) return { from: undefined, to: now, changes: [] }
  const width = Math.max(1, now.getTime() - first.getTime()) / parts
  const part = (column: string) => sql`least(${sql.lit(parts - 1)}, floor(
    extract(epoch from ${sql.raw(column)} - ${first}::timestamptz) * 1000 / ${width}::float8))::integer`
  const { rows } = await sql<{ part: number; hosts: number }>`
    select part, count(distinct host)::integer as hosts from (
      select host, ${part('since')} as part from history where since > ${first} and ${ofPool}
      union all select host, ${part('until')} from history where until is not null and ${ofPool}
    ) changed group by part order by part`.execute(db)
  const at = (index: number) => new Date(Math.round(first.getTime() + (index + 0.5) * width))
  return { from: first, to: now, changes: rows.map(({ part, hosts }) => ({ at: at(part), hosts })) }
}

async function profilesOf(db: Db, layout: Layout, numbers: readonly number[]) {
  const ids = numbers.map(id => ({ id }))
  const { rows } = await sql<Omit<Profile, 'offered'> & { readonly offered: string }>`
    select p.id, p.cpu, c.arch, p.facts, c.offered::text as offered
    from ${rowsOf(ids, 'id integer')} join profile p using (id) join cpu c on c.id = p.cpu`.execute(db)
  const profiles = new Map<number, Profile>()
  for (const { offered, ...row } of rows)
    profiles.set(row.id, { ...row, offered: namesOfBits(await layout.of(row.arch), offered) })
  return profiles
}

function pastOf(row: PastRow | undefined, profile: Profile | undefined): PastHost | undefined {
  if (!row?.since || !profile) return undefined
  const { since, until, name, pool, evidence } = row
  const { cpu, facts } = profile
  return { since, until: until ?? undefined, name, pool, cpu, facts, evidence }
}

/** Hosts that were there before and are others now, or gone, by the pool that they were in last. */
export async function countChanged(db: Db, seconds: number): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ pool: string; hosts: number }>`
    with start as (select clock_timestamp() - make_interval(secs => ${seconds}) as at),
    touched as (
      select host from history, start where since > at
      union select host from history, start where until > at
    ), last as (
      select distinct on (h.host) h.host, h.pool, h.since, h.until from history h join touched using (host)
      order by h.host, h.since desc
    )
    select pool, count(*)::integer as hosts from last
    where last.until is not null or exists (
      select from history h where h.host = last.host and h.since < last.since)
    group by pool`.execute(db)
  return new Map(rows.map(({ pool, hosts }) => [pool, hosts]))
}

/** What was written so long ago is committed, whoever wrote it. */
const SETTLED = sql.raw(`interval '1 second'`)

interface EventRow {
  readonly kind: InventoryEvent['kind']
  readonly host: string | null
  readonly pool: string
  readonly at: Date
  readonly alert: number | null
}

/** What happened from a moment on, made of the history, the decisions and the alerts; at most a thousand and those of the same moment. */
export async function findEvents(
  db: Db,
  from: Date | undefined,
): Promise<{ readonly events: readonly InventoryEvent[]; readonly until: Date }> {
  const { rows: moments } = await sql<{ now: Date }>`
    select date_trunc('milliseconds', clock_timestamp() - ${SETTLED}) as now`.execute(db)
  const now = moments[0]?.now ?? new Date(0)
  if (from === undefined || from >= now) return { events: [], until: from === undefined ? now : from }
  const within = (column: string) => sql`${sql.raw(column)} > ${from} and ${sql.raw(column)} <= ${now}`
  const decided = `date_trunc('milliseconds', at)`
  const { rows } = await sql<EventRow>`
    select case when exists (select from history p where p.host = h.host and p.until = h.since)
        then 'host-changed' else 'host-added' end as kind, h.host, h.pool, h.since as at, null::integer as alert
      from history h where ${within('h.since')}
    union all select 'host-removed', h.host, h.pool, h.until, null from history h where ${within('h.until')}
      and not exists (select from history n where n.host = h.host and n.since = h.until)
    union all select 'pinned', null, pool, ${sql.raw(decided)}, null from decision where ${within(decided)}
    union all select 'alert-firing', null, pool, fired, id from alert where ${within('fired')}
    union all select 'alert-resolved', null, pool, until, id from alert where ${within('until')}
    order by at, host fetch first 1000 rows with ties`.execute(db)
  const events = rows.map(({ host, alert, ...event }) => ({
    ...event,
    host: host ?? undefined,
    ...(alert !== null && { alert }),
  }))
  return { events, until: rows.length < 1000 ? now : (rows.at(-1)?.at ?? now) }
}
