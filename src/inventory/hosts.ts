import { sql } from 'kysely'
import { BadRequest } from '../questions/context.ts'
import { textOfEvidence } from './derive.ts'
import type { HostPage, HostSearch, HostWithHistory, PastHost, StoredHost } from './inventory.ts'
import type { Db, StoredFacts } from './schema.ts'

interface HostRow {
  readonly id: string
  readonly name: string
  readonly pool: string
  readonly cpu: number
  readonly facts: StoredFacts
  readonly evidence: string
  readonly reporter: string | null
  readonly first_seen: Date
  readonly seen: Date
}

const COLUMNS = sql`h.id, h.name, h.pool, p.cpu, p.facts, encode(h.evidence, 'hex') as evidence, h.reporter,
  h.first_seen, h.seen`

const hostOf = ({ reporter, first_seen, ...row }: HostRow): StoredHost => ({
  ...row,
  reporter: reporter ?? undefined,
  firstSeen: first_seen,
})

/** A number within its limits. @throws BadRequest */
export function limitOf(limit: number, most: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new BadRequest(`limit must be a whole number from 1 to ${most}`)
}

/** One page. @throws BadRequest for a limit that is none */
export async function searchHosts(db: Db, search: HostSearch = {}): Promise<HostPage> {
  const { text = '', pool, cpu, after } = search
  const limit = limitOf(search.limit ?? 50, 1000)
  const conditions = [
    ...(text === '' ? [] : [matching(text)]),
    ...(pool === undefined ? [] : [sql`h.pool = ${pool}`]),
    ...(cpu === undefined ? [] : [sql`h.profile in (select id from profile where cpu = ${cpu})`]),
    ...(after === undefined ? [] : [sql`h.id > ${after}`]),
  ]
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``
  const { rows } = await sql<HostRow>`
    select ${COLUMNS} from host h join profile p on p.id = h.profile
    ${where} order by h.id limit ${limit + 1}`.execute(db)
  const hosts = rows.slice(0, limit).map(hostOf)
  return { hosts, next: rows.length > limit ? hosts.at(-1)?.id : undefined }
}

/** An index of three letters each finds parts of words; of fewer the beginning counts. */
function matching(text: string) {
  const plain = text.replace(/[A-Z]/g, letter => letter.toLowerCase()).replace(/[\\%_]/g, '\\$&')
  if (text.length < 3) return sql`(lower(h.name) like ${`${plain}%`} or lower(h.id) like ${`${plain}%`})`
  return sql`lower(h.id || ' ' || h.name) like ${`%${plain}%`}`
}

/** A host with what it was before, newest first. */
export async function findHost(db: Db, id: string): Promise<HostWithHistory | undefined> {
  const { rows } = await sql<HostRow>`
    select ${COLUMNS} from host h join profile p on p.id = h.profile where h.id = ${id}`.execute(db)
  const [row] = rows
  if (!row) return undefined
  const past = await sql<PastRow>`
    select ${PAST_COLUMNS} from history h join profile p on p.id = h.profile
    where h.host = ${id} order by h.since desc`.execute(db)
  return { ...hostOf(row), history: past.rows.map(pastOf) }
}

/** A row of the history, as it is read. */
interface PastRow extends Omit<PastHost, 'until'> {
  readonly until: Date | null
}

const PAST_COLUMNS = sql`h.since, h.until, h.name, h.pool, p.cpu, p.facts, encode(h.evidence, 'hex') as evidence`

const pastOf = ({ until, ...row }: PastRow): PastHost => ({ ...row, until: until ?? undefined })

export async function removeHost(db: Db, id: string): Promise<boolean> {
  return (await db.deleteFrom('host').where('id', '=', id).returning('id').execute()).length > 0
}

/** A text as it was reported. */
export async function findEvidence(db: Db, hash: string): Promise<string | undefined> {
  const { rows } = await sql<{ text: Uint8Array }>`
    select text from evidence where hash = decode(${/^[\da-f]{64}$/.test(hash) ? hash : ''}, 'hex')`.execute(
    db,
  )
  return rows[0] && textOfEvidence(rows[0].text)
}
