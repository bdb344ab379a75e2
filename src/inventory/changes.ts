import { sql } from 'kysely'
import { limitOf } from './hosts.ts'
import type { ChangePage, ChangeSearch, HostChange, PastHost } from './inventory.ts'
import { type Layout, namesOfBits } from './layout.ts'
import type { Db, StoredFacts } from './schema.ts'

/** What JSON makes of a row of the history. */
interface PastJson {
  readonly since: string
  readonly until: string | null
  readonly name: string
  readonly pool: string
  readonly cpu: number
  readonly facts: StoredFacts
  readonly evidence: string
}

interface ChangeRow {
  readonly host: string
  readonly before: PastJson | null
  readonly after: PastJson | null
  readonly arch: string | null
  readonly lost: string | null
  readonly gained: string | null
}

/** Later than all that is stored. */
const END_OF_TIME = new Date('9999-12-31T00:00:00Z')

/** Which hosts are others than they were: those whose history begins or ends in between are compared. */
export async function findChanges(db: Db, layout: Layout, search: ChangeSearch): Promise<ChangePage> {
  const { from, to = END_OF_TIME, pool, after } = search
  const limit = limitOf(search.limit ?? 1000, 10_000)
  const behind = after === undefined ? sql`true` : sql`host > ${after}`
  const was = (time: Date) => sql`(
    select h.*, p.cpu, p.facts, c.offered, c.arch from history h
      join profile p on p.id = h.profile join cpu c on c.id = p.cpu
    where h.host = t.host and h.since <= ${time} and (h.until is null or h.until > ${time}))`
  const { rows } = await sql<ChangeRow>`
    with touched as (
      select host from history where since > ${from} and since <= ${to} and ${behind}
      union select host from history where until > ${from} and until <= ${to} and ${behind}
      order by host limit ${limit + 1}
    )
    select t.host, ${jsonOf('b')} as before, ${jsonOf('a')} as after, a.arch,
      case when a.arch = b.arch then (b.offered & ~a.offered)::text end as lost,
      case when a.arch = b.arch then (a.offered & ~b.offered)::text end as gained
    from touched t left join lateral ${was(from)} b on true left join lateral ${was(to)} a on true
    order by t.host`.execute(db)
  const page = rows.slice(0, limit)
  const changes: HostChange[] = []
  for (const row of page) {
    const names = row.arch === null ? [] : await layout.of(row.arch)
    const change = changeOf(row, names)
    const isOther = pool === undefined || change.before?.pool === pool || change.after?.pool === pool
    if (isOther && differs(row)) changes.push(change)
  }
  return { changes, next: rows.length > limit ? page.at(-1)?.host : undefined }
}

/** A row as JSON, so that two of them are two values. */
const jsonOf = (row: 'a' | 'b') => {
  const at = (name: string) => sql`'${sql.raw(name)}', ${sql.ref(`${row}.${name}`)}`
  const columns = ['since', 'until', 'name', 'pool', 'cpu', 'facts'].map(at)
  const evidence = sql`'evidence', encode(${sql.ref(`${row}.evidence`)}, 'hex')`
  return sql`case when ${sql.ref(`${row}.host`)} is not null
    then jsonb_build_object(${sql.join([...columns, evidence])}) end`
}

const changeOf = (
  { host, before, after, lost, gained }: ChangeRow,
  names: readonly string[],
): HostChange => ({
  id: host,
  before: before ? pastOf(before) : undefined,
  after: after ? pastOf(after) : undefined,
  lost: namesOfBits(names, lost ?? ''),
  gained: namesOfBits(names, gained ?? ''),
})

const pastOf = ({ since, until, ...row }: PastJson): PastHost => ({
  ...row,
  since: new Date(since),
  until: until === null ? undefined : new Date(until),
})

/** Whether anything but the time differs. */
function differs({ before, after }: ChangeRow): boolean {
  const essence = (row: PastJson | null) =>
    row && JSON.stringify([row.name, row.pool, row.cpu, Object.entries(row.facts).sort()])
  return essence(before) !== essence(after)
}
