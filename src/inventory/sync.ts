import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { BadRequest } from '../questions/context.ts'
import { InventoryError } from './fault.ts'
import type {
  Inventory,
  Synced,
  SyncFault,
  SyncHost,
  SyncLook,
  SyncRules,
  SyncSource,
  SyncState,
} from './inventory.ts'
import { rowsOf } from './report.ts'
import type { Db } from './schema.ts'

/** Names of settings: who looks at a source, how it stands, and the files of a host. */
const [LEASE, STATE, HOST] = ['sync-lease:', 'sync-state:', 'sync-host:']

/** The value of such a setting; others are no JSON, and may be looked at before their key is. */
const jsonOf = (table: string, prefix: string) =>
  sql.raw(`(case when starts_with(${table}.key, '${prefix}') then ${table}.value::jsonb end)`)

/** The inventory is passed because reports are written as all others are. */
export const syncedIn = (db: Db, inventory: () => Inventory): Synced => ({
  async filesOf(ids) {
    const keys = ids.map(id => HOST + id)
    const { rows } = await sql<{ id: string; source: string; files: string[] }>`
      -- files of hosts
      select substr(key, ${HOST.length + 1}) as id, value::jsonb->>'source' as source, value::jsonb->'files' as files
      from setting s where key in (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb)) and exists (
        select from setting l where l.key = ${LEASE} || (${jsonOf('s', HOST)}->>'source')
          and (${jsonOf('l', LEASE)}->>'until')::timestamptz > now() - interval '10 minutes')`.execute(db)
    return new Map(rows.map(({ id, ...row }) => [id, row]))
  },
  async states() {
    const { rows } = await sql<{ value: SyncState }>`
      select value::jsonb as value from setting where key like ${`${STATE}%`} order by key`.execute(db)
    return rows.map(({ value }) => value)
  },
  keep: (source, rules, signal) => new Keeper(db, inventory(), source, rules).run(signal),
})

/** Reports that are written at once, and hosts that are taken out at once. */
const BATCH = 200

/** How often it is noted that hosts are still there whose files are, in ms. */
const SEEN = 3_600_000

/** Keeps an inventory like the files of a source. */
class Keeper {
  readonly #db: Db
  readonly #inventory: Inventory
  readonly #source: SyncSource
  readonly #rules: SyncRules
  #state: SyncState
  #said = ''
  #seen = 0

  constructor(db: Db, inventory: Inventory, source: SyncSource, rules: SyncRules) {
    this.#db = db
    this.#inventory = inventory
    this.#source = source
    this.#rules = rules
    const none = { commit: undefined, author: undefined, read: undefined, error: undefined }
    this.#state = {
      source: source.name,
      server: rules.server,
      hosts: 0,
      looked: '',
      ...none,
      faults: [],
      faultCount: 0,
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    let wake = () => {}
    const stop = this.#source.watch(() => wake())
    while (!signal.aborted) {
      const woken = new AbortController()
      wake = () => woken.abort()
      await this.#round(signal).catch(error => this.#sayOnce(error))
      const both = AbortSignal.any([signal, woken.signal])
      await pause(this.#rules.every, undefined, { signal: both }).catch(() => {})
    }
    stop()
    await this.#release().catch(() => {})
  }

  /** What goes wrong again and again is said once. */
  #sayOnce(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (message !== this.#said && !(error instanceof Error && error.name === 'AbortError'))
      this.#rules.tell(`sync: ${message}`, true)
    this.#said = message
  }

  async #round(signal: AbortSignal): Promise<void> {
    if (!(await this.#claim())) return
    let error: string | undefined
    try {
      for await (const look of this.#source.look(await this.#position(), signal)) {
        await this.#apply(look)
        // Where it goes on if it is stopped here: what was before must not be written again.
        await this.#note(this.#state)
        if (!(await this.#claim())) return
      }
      await this.#touch()
      this.#said = ''
    } catch (caught) {
      if (signal.aborted || caught instanceof InventoryError || !(caught instanceof Error)) throw caught
      error = caught.message
      this.#sayOnce(caught)
    }
    const now = new Date().toISOString()
    await this.#note({ ...this.#state, looked: now, error, ...(error === undefined && { read: now }) })
  }

  /** Whether this server looks at the files for now. */
  async #claim(): Promise<boolean> {
    const ms = Math.max(60_000, 3 * this.#rules.every)
    const { rows } = await sql`
      insert into setting as s (key, value) values (${LEASE + this.#source.name},
        jsonb_build_object('server', ${this.#rules.server}::text, 'until', now() + make_interval(secs => ${ms / 1000}))::text)
      on conflict (key) do update set value = excluded.value
        where s.value::jsonb->>'server' = ${this.#rules.server} or (s.value::jsonb->>'until')::timestamptz < now()
      returning 1`.execute(this.#db)
    return rows.length > 0
  }

  /** Another may look at once. */
  async #release(): Promise<void> {
    await sql`update setting s set value = jsonb_set(value::jsonb, '{until}', to_jsonb(now()))::text
      where key = ${LEASE + this.#source.name} and value::jsonb->>'server' = ${this.#rules.server}`.execute(
      this.#db,
    )
  }

  async #position(): Promise<string | undefined> {
    const all = await this.#inventory.synced.states()
    const known = all.find(({ source }) => source === this.#source.name)
    if (known) this.#state = { ...known, server: this.#rules.server }
    return known?.commit
  }

  async #note(state: SyncState): Promise<void> {
    this.#state = state
    await sql`insert into setting (key, value) values (${STATE + state.source}, ${JSON.stringify(state)})
      on conflict (key) do update set value = excluded.value`.execute(this.#db)
  }

  /** Notes once in a while that hosts are still there. */
  async #touch(): Promise<void> {
    if (performance.now() - this.#seen < SEEN && this.#seen > 0) return
    this.#seen = performance.now()
    const ids = [...(await this.#stored()).keys()]
    for (let i = 0; i < ids.length; i += 1000)
      await sql`update host set seen = greatest(seen, date_trunc('milliseconds', clock_timestamp()))
        where id in (select jsonb_array_elements_text(${JSON.stringify(ids.slice(i, i + 1000))}::jsonb))`.execute(
        this.#db,
      )
  }

  /** The hosts of the source, as they are stored. */
  async #stored(): Promise<ReadonlyMap<string, StoredRow>> {
    const { rows } = await sql<StoredRow>`
      select substr(s.key, ${HOST.length + 1}) as id, s.value::jsonb->'files' as files, h.name, h.pool,
        encode(h.evidence, 'hex') as hash
      from setting s left join host h on h.id = substr(s.key, ${HOST.length + 1})
      where s.key like ${`${HOST}%`} and ${jsonOf('s', HOST)}->>'source' = ${this.#source.name}`.execute(
      this.#db,
    )
    return new Map(rows.map(row => [row.id, row]))
  }

  /** Makes the inventory like the files; hosts of files that cannot be read stay as they are. */
  async #apply(look: SyncLook): Promise<void> {
    const stored = await this.#stored()
    if (look.hosts.length === 0 && stored.size > 0)
      throw new Error(`no file of a host is left there: its ${stored.size} hosts stay`)
    const faults = [...look.faults]
    const held = [...stored.values()].filter(({ files }) => files.some(file => isWithin(file, look.unread)))
    const isHeld = new Set(held.map(({ id }) => id))
    for (const { id, files } of held) {
      const file = files.find(one => isWithin(one, look.unread)) ?? ''
      if (look.faults.every(fault => fault.file !== file))
        faults.push({ file, message: `holds no host any more: ${id} stays as it was` })
    }
    const others = await this.#othersOf(
      look.hosts.filter(({ id }) => !stored.has(id)),
      faults,
    )
    const hosts = look.hosts.filter(({ id }) => !isHeld.has(id) && !others.has(id))
    const counts = await this.#report(hosts, stored, look, faults)
    const wanted = new Set([...look.hosts.map(({ id }) => id), ...isHeld])
    const gone = [...stored.values()].filter(({ id }) => !wanted.has(id))
    await this.#end(gone)
    await this.#pin(look, faults)
    const removed = gone.flatMap(({ id, hash }) => (hash === null ? [] : id))
    await this.#record(look, { ...counts, removed })
    const { commit, author } = look.change ?? {}
    this.#state = {
      ...this.#state,
      commit: commit ?? look.position,
      author,
      hosts: wanted.size,
      faults: faults.slice(0, 100),
      faultCount: faults.length,
    }
    for (const { file, message } of faults.slice(0, 100)) this.#rules.tell(`sync: ${file}: ${message}`, true)
  }

  /** Hosts that another source has. */
  async #othersOf(hosts: readonly SyncHost[], faults: SyncFault[]): Promise<ReadonlySet<string>> {
    const others = new Set<string>()
    for (const [id, { source, files }] of await this.#inventory.synced.filesOf(hosts.map(({ id }) => id))) {
      if (source === this.#source.name) continue
      others.add(id)
      const file = hosts.find(host => host.id === id)?.files[0] ?? ''
      faults.push({ file, message: `the host ${id} comes from ${files[0]} of ${source} already` })
    }
    return others
  }

  async #report(
    hosts: readonly SyncHost[],
    stored: ReadonlyMap<string, StoredRow>,
    { change }: SyncLook,
    faults: SyncFault[],
  ) {
    const reporter = change
      ? `${change.author} (${change.commit.slice(0, 12)})`
      : `sync of ${this.#source.name}`
    const counts = { created: [] as string[], changed: [] as string[] }
    const isNew = ({ id, hash, name, pool, files }: SyncHost) => {
      const row = stored.get(id)
      return (
        row?.hash !== hash ||
        row.name !== name ||
        row.pool !== pool ||
        row.files.join('\n') !== files.join('\n')
      )
    }
    const changed = hosts.filter(isNew)
    for (let i = 0; i < changed.length; i += BATCH) {
      const part = changed.slice(i, i + BATCH)
      const answers = await this.#inventory.reportAll(
        part.map(({ id, name, pool, text }) => ({ id, name, pool, text: text(), reporter })),
      )
      const kept = part.filter((host, n) => {
        const answer = answers[n]
        if (answer && 'error' in answer)
          faults.push({ file: host.files[0] ?? '', message: answer.error.message })
        else if (answer?.result === 'created' || answer?.result === 'changed')
          counts[answer.result].push(host.id)
        return answer !== undefined && !('error' in answer)
      })
      await this.#write(kept)
    }
    return counts
  }

  async #write(hosts: readonly SyncHost[]): Promise<void> {
    const source = this.#source.name
    const rows = hosts.map(({ id, files }) => ({ key: HOST + id, value: JSON.stringify({ source, files }) }))
    await sql`insert into setting (key, value) select key, value from ${rowsOf(rows, 'key text, value text')}
      on conflict (key) do update set value = excluded.value`.execute(this.#db)
  }

  async #end(hosts: readonly StoredRow[]): Promise<void> {
    for (let i = 0; i < hosts.length; i += BATCH) {
      const ids = hosts.slice(i, i + BATCH).map(({ id }) => id)
      const listed = (all: readonly string[]) =>
        sql`(select jsonb_array_elements_text(${JSON.stringify(all)}::jsonb))`
      await sql`delete from host where id in ${listed(ids)}`.execute(this.#db)
      await sql`delete from setting where key in ${listed(ids.map(id => HOST + id))}`.execute(this.#db)
    }
  }

  /** The CPUs that the fleet file pins are decided, by whoever wrote it. */
  async #pin({ pinned, change }: SyncLook, faults: SyncFault[]): Promise<void> {
    if (pinned.size === 0) return
    const now = new Map((await this.#inventory.pools()).map(({ pool, pinned: has }) => [pool, has?.cpu]))
    for (const [pool, cpu] of pinned) {
      if (now.get(pool) === cpu) continue
      try {
        await this.#inventory.pin(
          pool,
          cpu,
          change?.author ?? `sync of ${this.#source.name}`,
          change ? `${change.subject} (${change.commit.slice(0, 12)})` : 'the fleet file says so',
        )
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error
        faults.push({ file: 'fleet.yaml', message: error.message })
      }
    }
  }

  /** Who changed what. */
  async #record({ change }: SyncLook, hosts: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const counts = Object.entries(hosts).filter(([, ids]) => ids.length > 0)
    if (counts.length === 0) return
    const said = counts.map(([what, ids]) => `${ids.length} ${what}`).join(', ')
    this.#rules.tell(
      `sync: hosts of ${this.#source.name}: ${said}${change ? ` by ${change.author} in ${change.commit.slice(0, 12)}` : ''}`,
      false,
    )
    const listed = Object.fromEntries(
      counts.map(([what, ids]) => [what, { count: ids.length, hosts: ids.slice(0, 100) }]),
    )
    await this.#inventory.auditLog.write({
      who: change?.author ?? 'sync',
      action: 'sync',
      target: this.#source.name,
      detail: { ...change, ...listed },
    })
  }
}

interface StoredRow {
  readonly id: string
  readonly files: readonly string[]
  /** Null: it was taken out. */
  readonly name: string | null
  readonly pool: string | null
  readonly hash: string | null
}

/** Whether a file, or a folder that it is in, is one of these. */
function isWithin(file: string, paths: ReadonlySet<string>): boolean {
  if (paths.size === 0) return false
  for (let at = file.length; at > 0; at = file.lastIndexOf('/', at - 1))
    if (paths.has(file.slice(0, at))) return true
  return false
}
