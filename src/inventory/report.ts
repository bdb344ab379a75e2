import { deflateRawSync } from 'node:zlib'
import { type RawBuilder, sql } from 'kysely'
import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { BadRequest, type Context, contextFor } from '../questions/context.ts'
import { type DerivedCpu, sha256, type TextReader } from './derive.ts'
import { InventoryError, untilFree } from './fault.ts'
import type { Accepted, HostReported, Refused, ReportResult } from './inventory.ts'
import { BITS, bitsOf, type Db, type Identity, type Layout } from './schema.ts'

/** A text in the database: compressed, as Base64 on the way. */
export const packed = (text: string): string => deflateRawSync(text, { level: 4 }).toString('base64')

/** By the database's clock; what JavaScript reads of it must be what is stored. */
const NOW = sql.raw<Date>(`date_trunc('milliseconds', clock_timestamp())`)

/** Rows as a table of SQL: one parameter however many there are. */
export const rowsOf = (rows: readonly object[], columns: string): RawBuilder<unknown> =>
  sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(${sql.raw(columns)})`

/** A report with the hash of its text. */
type Hashed = HostReported & { readonly hash: string }

/** What is written of a host. */
interface HostRow extends Pick<Hashed, 'id' | 'name' | 'pool' | 'reporter' | 'at' | 'hash' | 'text'> {
  readonly profile: number
  readonly identity: Identity
  readonly guests: number
  readonly dialect: string
}

const cloned = (id: string, name: string, holder: string): string =>
  `two machines report as host ${id}: ${name === holder ? `both are called ${name}` : `${name}, and since then ${holder}`}. ` +
  'Their machine-id was probably copied: give this one an id of its own (VIRT_CPU_ID, or a new /etc/machine-id). ' +
  `If it is the only one, take ${id} out of the inventory first`

/** How many profiles, and texts, are remembered. */
const MOST = 10_000

/** Writes what hosts report. */
export class Reports {
  readonly #db: Db
  readonly #context: Context
  readonly #layout: Layout
  readonly #reader: TextReader
  /** Numbers of profiles by their hashes. */
  readonly #profiles = new Map<string, number>()

  constructor(db: Db, context: Context, layout: Layout, reader: TextReader) {
    this.#db = db
    this.#context = context
    this.#layout = layout
    this.#reader = reader
  }

  async one(host: HostReported): Promise<Accepted> {
    const [answer] = await this.all([host])
    if (!answer) throw new RangeError('one report has one answer')
    if ('error' in answer) throw answer.error
    return answer
  }

  async all(hosts: readonly HostReported[]): Promise<readonly (Accepted | Refused)[]> {
    const hashed = hosts.map((host): Hashed => ({ ...host, hash: sha256(host.text) }))
    // Of two of one host the later is written after the other.
    const rounds: Map<string, number>[] = []
    hashed.forEach(({ id }, i) => {
      const round = rounds.find(ids => !ids.has(id))
      if (round) round.set(id, i)
      else rounds.push(new Map([[id, i]]))
    })
    const answers = new Map<number, Accepted | Refused>()
    for (const round of rounds) {
      const places = [...round.values()]
      const part = await this.#round(places.flatMap(i => hashed[i] ?? []))
      for (const [n, answer] of part.entries()) answers.set(places[n] ?? -1, answer)
    }
    return hashed.map(({ id }, i) => answers.get(i) ?? { id, error: new RangeError('not written') })
  }

  async #round(hosts: readonly Hashed[]): Promise<readonly (Accepted | Refused)[]> {
    const seen = await untilFree(() => this.touch(hosts))
    const results = new Map<string, Accepted | Refused>()
    const rows: HostRow[] = []
    for (const host of hosts) {
      const { id, hash } = host
      if (seen.has(id)) results.set(id, { id, hash, result: 'seen' })
      else {
        const row = await this.#rowOf(host)
        if (row instanceof Error) results.set(id, { id, error: row })
        else rows.push(row)
      }
    }
    for (const [id, error] of await this.#findClones(rows)) results.set(id, { id, error })
    const good = rows.filter(({ id }) => !results.has(id))
    const written =
      good.length > 0 ? await untilFree(() => this.#write(good)) : new Map<string, ReportResult>()
    return hosts.map(
      ({ id, hash }) => results.get(id) ?? { id, hash, result: written.get(id) ?? ('stale' as const) },
    )
  }

  /** Notes that hosts were seen that have these texts already, and are called so; returns their ids. */
  async touch(
    hosts: readonly Pick<Hashed, 'id' | 'hash' | 'name' | 'pool' | 'reporter' | 'at'>[],
  ): Promise<ReadonlySet<string>> {
    const rows = hosts.map(({ id, hash, name, pool, reporter, at }) => ({
      id,
      hash,
      name,
      pool,
      reporter,
      at,
    }))
    const { rows: found } = await sql<{ id: string }>`
      -- see hosts again
      with given as materialized (
        select t.* from ${rowsOf(rows, 'id text, hash text, name text, pool text, reporter text, at timestamptz')}
      ), mine as (
        select h.id, coalesce(g.at, ${NOW}) as at, g.reporter from host h join given g on h.id = g.id
        where h.evidence = decode(g.hash, 'hex')
          and h.name = coalesce(g.name, h.name) and h.pool = coalesce(g.pool, h.pool)
        order by h.id for update of h
      )
      update host h set seen = greatest(h.seen, m.at), reporter = coalesce(m.reporter, h.reporter)
      from mine m where h.id = m.id returning h.id`.execute(this.#db)
    return new Set(found.map(({ id }) => id))
  }

  /** What is written of a host; an error: its text cannot be read. */
  async #rowOf(host: Hashed): Promise<HostRow | Error> {
    const { id, text, name, pool, reporter, at, hash } = host
    try {
      if (id === '') throw new BadRequest('a host needs an id')
      const { identity, guests, dialect, profile: key } = await this.#reader.read(text, id)
      const profile = await this.profileOf(key, text, hash)
      return {
        ...{ id, name: name ?? identity.reported, pool, reporter, at, hash, profile },
        ...{ text: packed(text), identity, guests, dialect },
      }
    } catch (error) {
      if (error instanceof BadRequest || error instanceof ParseError || error instanceof LibvirtError)
        return error
      throw error
    }
  }

  /**
   * Two machines that report under one id, because their machine-id was copied: one reports that has been this host before,
   * and another has been it since and is still heard. They are told apart by their UUIDs where both have one, else by their
   * names. A host that is given another name or board once is none. What is reported of another time is let through.
   */
  async #findClones(rows: readonly HostRow[]): Promise<ReadonlyMap<string, InventoryError>> {
    const live = rows.filter(({ at }) => at === undefined)
    if (live.length === 0) return new Map()
    const isOther = (one: string, uuid: string) =>
      `case when ${uuid} is null or g.uuid is null then ${one}.name <> g.name else ${uuid} <> g.uuid end`
    const { rows: found } = await sql<{ id: string; name: string; holder: string }>`
      -- find clones
      with given as materialized (
        select t.id, coalesce(t.name, h.name) as name, t.identity->>'uuid' as uuid, h.name as holder
        from ${rowsOf(live, 'id text, name text, identity jsonb')} join host h using (id)
        where h.seen > now() - interval '1 day'
      )
      select distinct g.id, g.name, g.holder from given g join host h using (id) join history x on x.host = g.id
      where ${sql.raw(isOther('h', "(h.identity->>'uuid')"))}
        and not ${sql.raw(isOther('x', "(x.identity->>'uuid')"))} and x.until > now() - interval '30 days'`.execute(
      this.#db,
    )
    return new Map(
      found.map(({ id, name, holder }) => [id, new InventoryError('clone', cloned(id, name, holder))]),
    )
  }

  async #write(rows: readonly HostRow[]): Promise<ReadonlyMap<string, ReportResult>> {
    const { rows: written } = await sql<{ id: string; result: ReportResult }>`
      -- write hosts
      with given as materialized (
        select t.*, decode(t.hash, 'hex') as evidence from ${rowsOf(
          rows,
          `id text, name text, pool text, reporter text, at timestamptz, hash text, profile integer, text text,
           identity jsonb, guests integer, dialect text`,
        )}
      ), old as (
        select h.id, h.profile, h.name, h.pool from host h join given using (id)
      ), texts as (
        insert into evidence (hash, text, dialect)
        select distinct on (evidence) evidence, decode(text, 'base64'), dialect from given order by evidence
        on conflict do nothing
      ), written as (
        insert into host as h (id, name, pool, profile, evidence, identity, guests, reporter, first_seen, seen)
        select g.id, coalesce(g.name, o.name, g.id), coalesce(g.pool, o.pool, ''), g.profile, g.evidence,
          g.identity, g.guests, g.reporter, coalesce(g.at, ${NOW}), coalesce(g.at, ${NOW})
        from given g left join old o using (id)
        -- One that was taken out since then stays out.
        where o.id is not null or not exists
          (select from history x where x.host = g.id and x.until > coalesce(g.at, ${NOW}))
        order by g.id
        on conflict (id) do update set
          name = excluded.name, pool = excluded.pool, profile = excluded.profile, evidence = excluded.evidence,
          identity = excluded.identity, guests = excluded.guests,
          reporter = coalesce(excluded.reporter, h.reporter), seen = greatest(h.seen, excluded.seen)
          where h.seen <= excluded.seen + interval '1 minute'
        returning h.id, h.profile, h.name, h.pool
      )
      select w.id, case when o.id is null then 'created'
        when (w.profile, w.name, w.pool) is distinct from (o.profile, o.name, o.pool) then 'changed'
        else 'seen' end as result
      from written w left join old o using (id)`.execute(this.#db)
    return new Map(written.map(({ id, result }) => [id, result]))
  }

  /**
   * The number of a profile, which is stored where it is new.
   * @param profile its hash @param hash of the text @throws BadRequest for a text with several hosts
   */
  async profileOf(profile: string, text: string, hash: string): Promise<number> {
    const known = this.#profiles.get(profile)
    if (known !== undefined) return known
    const { cpu, facts } = await this.#reader.derive(text, 'report')
    const names = await this.#layout.of(cpu.arch, contextFor(this.#context, cpu.arch).db.features)
    const id = await untilFree(() =>
      this.#db.transaction().execute(async db => {
        const number = await storeCpu(db, cpu, names)
        const { rows } = await sql<{ id: number }>`
        with texts as (
          insert into evidence (hash, text, dialect) values
            (decode(${hash}, 'hex'), decode(${packed(text)}, 'base64'), ${facts.documents.join(' ')})
          on conflict do nothing
        )
        insert into profile (hash, cpu, evidence, facts)
        values (${profile}, ${number}, decode(${hash}, 'hex'), ${JSON.stringify(facts)}::jsonb)
        on conflict do nothing returning id`.execute(db)
        return rows[0]?.id ?? numberOf(db, 'profile', profile)
      }),
    )
    if (this.#profiles.size >= MOST) this.#profiles.clear()
    this.#profiles.set(profile, id)
    return id
  }
}

/** The number of a CPU, which is stored where it is new. @param names of the bits of its architecture */
export async function storeCpu(db: Db, cpu: DerivedCpu, names: readonly string[]): Promise<number> {
  const { hash, arch, vendor = null, physBits = null } = cpu
  const sets = [cpu.present, cpu.possible, cpu.absent, cpu.offered, cpu.hazards]
  const bits = sets.map(set => sql`${bitsOf(names, set)}::text::bit(${sql.raw(String(BITS))})`)
  const { rows } = await sql<{ id: number }>`
    insert into cpu (hash, arch, vendor, phys_bits, present, possible, absent, offered, hazards)
    values (${hash}, ${arch}, ${vendor}, ${physBits}, ${sql.join(bits)})
    on conflict do nothing returning id`.execute(db)
  return rows[0]?.id ?? numberOf(db, 'cpu', hash)
}

/** Of what another has stored: a row that is there is not written again, for others refer to it meanwhile. */
const numberOf = async (db: Db, table: 'cpu' | 'profile', hash: string): Promise<number> =>
  (await db.selectFrom(table).select('id').where('hash', '=', hash).executeTakeFirstOrThrow()).id
