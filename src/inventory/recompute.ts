import { sql } from 'kysely'
import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { BadRequest, type Context, contextFor } from '../questions/context.ts'
import { deriveProfile, type ReadHost, readHostText, textOfEvidence } from './derive.ts'
import { type Reports, rowsOf, storeCpu } from './report.ts'
import type { Db, Layout } from './schema.ts'

interface TextRow {
  readonly hash: string
  readonly text: Uint8Array
}

/** Derives what is stored from the evidence, after the data or the readers changed. */
export class Recomputation {
  readonly #db: Db
  readonly #context: Context
  readonly #layout: Layout

  constructor(db: Db, context: Context, layout: Layout) {
    this.#db = db
    this.#context = context
    this.#layout = layout
  }

  /** The CPU and facts of each profile, by its own text: a few hundred for a million hosts. */
  async profiles(): Promise<void> {
    const { rows } = await sql<TextRow & { id: number }>`
      select p.id, e.text from profile p join evidence e on e.hash = p.evidence order by p.id`.execute(
      this.#db,
    )
    const made: object[] = []
    for (const { id, text } of rows) {
      const read = await this.#read(textOfEvidence(text))
      if (!read) continue
      const { cpu, facts } = deriveProfile(this.#context, read, `profile ${id}`)
      const names = await this.#layout.of(cpu.arch, contextFor(this.#context, cpu.arch).db.features)
      made.push({ id, facts, cpu: await storeCpu(this.#db, cpu, names) })
    }
    await this.#db.transaction().execute(async db => {
      await sql`lock table host in share row exclusive mode`.execute(db)
      await sql`update profile p set cpu = t.cpu, facts = t.facts
        from ${rowsOf(made, 'id integer, facts jsonb, cpu integer')} where p.id = t.id`.execute(db)
      await sql`delete from pool_cpu`.execute(db)
      await sql`insert into pool_cpu (pool, cpu, n) select h.pool, p.cpu, count(*)
        from host h join profile p on p.id = h.profile group by 1, 2`.execute(db)
    })
  }

  /**
   * Which profile each text has: two hosts that were alike may not be to a reader that reads more. No history is made of
   * that; what it was is what it always was.
   */
  async hosts(reports: Reports): Promise<number> {
    let changed = 0
    for (let last = ''; ; ) {
      const { rows } = await sql<{ end: string | null }>`select max(host) as end from (
        select distinct host from history where host > ${last} order by host limit 500) h`.execute(this.#db)
      const end = rows[0]?.end ?? undefined
      if (end === undefined) return changed
      changed += await this.#batch(last, end, reports)
      last = end
    }
  }

  /** The hosts behind one up to another; each has a history, also one that was removed. */
  async #batch(last: string, end: string, reports: Reports): Promise<number> {
    const { rows } = await sql<TextRow>`
      with mine as (
        select evidence as hash from host where id > ${last} and id <= ${end}
        union select evidence from history where host > ${last} and host <= ${end}
      )
      select encode(hash, 'hex') as hash, text from mine join evidence using (hash)`.execute(this.#db)
    const made: object[] = []
    for (const { hash, text: packed } of rows) {
      const text = textOfEvidence(packed)
      const read = await this.#read(text)
      if (!read) continue
      const { identity, guests } = read
      made.push({
        hash,
        identity,
        guests: guests.length,
        profile: await reports.profileOf(read.profile, text, hash),
      })
    }
    const given = rowsOf(made, 'hash text, identity jsonb, guests integer, profile integer')
    return this.#db.transaction().execute(async db => {
      await sql`select set_config('inventory.rewriting', 'on', true)`.execute(db)
      let count = 0
      for (const [table, key] of [
        ['host', 'id'],
        ['history', 'host'],
      ] as const) {
        const { rows: found } = await sql`
          update ${sql.table(table)} h set profile = t.profile, identity = t.identity, guests = t.guests
          from ${given} where h.evidence = decode(t.hash, 'hex')
            and ${sql.ref(`h.${key}`)} > ${last} and ${sql.ref(`h.${key}`)} <= ${end}
            and (h.profile, h.identity, h.guests) is distinct from (t.profile, t.identity, t.guests)
          returning 1`.execute(db)
        count += found.length
      }
      return count
    })
  }

  /** Undefined: it is in no dialect any more; what was made of it stays. */
  async #read(text: string): Promise<ReadHost | undefined> {
    try {
      return await readHostText(this.#context, text, 'evidence')
    } catch (error) {
      if (error instanceof BadRequest || error instanceof ParseError || error instanceof LibvirtError)
        return undefined
      throw error
    }
  }
}

/** Deletes texts that nothing refers to; returns how many. */
export async function deleteUnused(db: Db): Promise<number> {
  const { rows } = await sql`
    delete from evidence e where not exists (select from host h where h.evidence = e.hash)
      and not exists (select from history h where h.evidence = e.hash)
      and not exists (select from profile p where p.evidence = e.hash) returning 1`.execute(db)
  return rows.length
}
