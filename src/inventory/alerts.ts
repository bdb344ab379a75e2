import { sql, type Transaction } from 'kysely'
import type { AlertDetail, AlertState, Db, Tables } from './schema.ts'

/** What an alert is about: of one pool, a kind of demand of one requirement. */
export interface AlertSubject {
  /** Name of the requirement. */
  readonly rule: string
  /** As `check` calls it, such as `must-have`; `pools`: the requirement fits no pool. */
  readonly kind: string
  /** Label of the pool; of the kind `pools` what the requirement calls them. */
  readonly pool: string
}

/** What is not as the rules want it. */
export interface FoundAlert extends AlertSubject {
  readonly detail: AlertDetail
}

export interface StoredAlert extends FoundAlert {
  readonly number: number
  readonly state: AlertState
  /** When it was found. */
  readonly since: Date
  /** When it fired; undefined: it is still pending. */
  readonly fired: Date | undefined
  /** When it was resolved. */
  readonly until: Date | undefined
  readonly acknowledged: { readonly by: string; readonly why: string; readonly at: Date } | undefined
  /** When a receiver took word of it last. */
  readonly delivered: Date | undefined
}

/** Word of an alert that a receiver has not taken yet, as the alert was then. */
export interface Delivery {
  readonly number: number
  readonly status: 'firing' | 'resolved'
  readonly alert: StoredAlert
  /** How often it was tried. */
  readonly tries: number
}

/** A pool in which something changed, and the numbers of the notes that say so. */
export interface TouchedPool {
  readonly pool: string
  readonly notes: readonly string[]
}

/** How alerts that are found are kept. */
export interface KeepRules {
  /** Who evaluates. */
  readonly holder: string
  /** Seconds that something is wrong before it fires. */
  readonly patience: number
  /** Names of those who get word of it. */
  readonly receivers: readonly string[]
}

/** What was found in a pool; undefined `pool`: requirements that fit none. */
interface Evaluation {
  readonly pool: string | undefined
  /** The notes that it takes account of. */
  readonly notes: readonly string[]
  readonly found: readonly FoundAlert[]
}

interface AlertSearch {
  readonly state?: AlertState | undefined
  readonly pool?: string | undefined
  /** Alerts with lower numbers. */
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

/** Alerts of rules over an inventory, and who is to hear of them. One server at a time evaluates: the holder of the lease. */
export interface AlertStore {
  /**
   * Takes the lease, or keeps it, for so many seconds. False: another server has it. Where the rules are others than
   * those that were evaluated last, every pool counts as touched.
   */
  lead(holder: string, seconds: number, rules: string): Promise<boolean>
  /** Gives the lease back. */
  resign(holder: string): Promise<void>
  /** The pools in which nothing changed for a second, or something did ten seconds ago; those that changed first come first. */
  touched(): Promise<readonly TouchedPool[]>
  touch(pools: readonly string[]): Promise<void>
  /** Of each pool that has hosts who did not report for so many seconds, a text that is another when they are. */
  late(seconds: number): Promise<ReadonlyMap<string, string>>
  /** Stores what was found instead of what was found before. False: another server has the lease, and nothing is stored. */
  keep(evaluation: Evaluation, rules: KeepRules): Promise<boolean>
  /** Fires what has been pending long enough. False: another server has the lease. */
  ripen(rules: KeepRules): Promise<boolean>
  /** Newest first. */
  list(search?: AlertSearch): Promise<readonly StoredAlert[]>
  find(number: number): Promise<StoredAlert | undefined>
  /** Says that somebody knows: receivers hear nothing more of it until it is resolved. Undefined `why`: nobody does any more. */
  acknowledge(number: number, by: string, why: string | undefined): Promise<StoredAlert | undefined>
  /** How many there are that are not resolved. */
  count(): Promise<readonly (Pick<StoredAlert, 'rule' | 'pool' | 'state'> & { readonly alerts: number })[]>
  /** The oldest of what a receiver has not taken, where it is time to try: of one pool, each alert once. */
  due(receiver: string): Promise<readonly Delivery[]>
  delivered(deliveries: readonly Delivery[]): Promise<void>
  /** Tries them again after so many seconds. */
  postpone(deliveries: readonly Delivery[], seconds: number): Promise<void>
  /** How many deliveries wait. */
  waiting(): Promise<number>
  /** Drops deliveries that nobody took for a week, and alerts that were resolved 90 days ago; returns how many deliveries. */
  tidy(): Promise<number>
}

const NOW = sql.raw<Date>(`date_trunc('milliseconds', clock_timestamp())`)
const after = (seconds: number) => sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`

/** The alerts in a database. */
export const alertsIn = (db: Db): AlertStore => ({
  lead: (holder, seconds, rules) => lead(db, holder, seconds, rules),
  async resign(holder) {
    const lease = db.updateTable('alert_lease').set({ until: sql<Date>`clock_timestamp()` })
    await lease.where('holder', '=', holder).execute()
  },
  async touched() {
    const { rows } = await sql<TouchedPool>`
      select pool, array_agg(id::text) as notes from touched_pool group by pool
      having max(at) < ${after(-1)} or min(at) < ${after(-10)} order by min(at)`.execute(db)
    return rows
  },
  async touch(pools) {
    await sql`insert into touched_pool (pool) select unnest(${pools}::text[])`.execute(db)
  },
  async late(seconds) {
    const { rows } = await sql<{ pool: string; hosts: string }>`
      select pool, count(*) || ' ' || bit_xor(hashtextextended(id, 0)) as hosts from host
      where seen < ${after(-seconds)} group by pool`.execute(db)
    return new Map(rows.map(({ pool, hosts }) => [pool, hosts]))
  },
  keep: (evaluation, rules) => asHolder(db, rules.holder, own => keepFound(own, evaluation, rules)),
  ripen: ({ holder, patience, receivers }) =>
    asHolder(db, holder, async own => {
      const ripe = own.updateTable('alert').set({ state: 'firing', fired: NOW })
      const rows = await ripe
        .where('state', '=', 'pending')
        .where('since', '<=', after(-patience))
        .returning('id')
        .execute()
      await tell(
        own,
        rows.map(({ id }) => id),
        receivers,
      )
    }),
  list: search => listAlerts(db, search),
  find: async number =>
    (await db.selectFrom('alert').selectAll().where('id', '=', number).execute()).map(alertOf)[0],
  acknowledge: (number, by, why) => acknowledge(db, number, by, why),
  async count() {
    const { rows } = await sql<{ rule: string; pool: string; state: AlertState; alerts: number }>`
      select rule, pool, state, count(*)::integer as alerts from alert where until is null
      group by rule, pool, state order by pool, rule, state`.execute(db)
    return rows
  },
  due: receiver => dueDeliveries(db, receiver),
  async delivered(deliveries) {
    if (deliveries.length === 0) return
    await db.transaction().execute(async own => {
      await own.deleteFrom('delivery').where('id', 'in', deliveries.map(numberOf)).execute()
      const alerts = [...new Set(deliveries.map(({ alert }) => alert.number))]
      await own.updateTable('alert').set({ delivered: NOW }).where('id', 'in', alerts).execute()
    })
  },
  async postpone(deliveries, seconds) {
    if (deliveries.length === 0) return
    const change = db.updateTable('delivery').set({ tries: sql<number>`tries + 1`, next: after(seconds) })
    await change.where('id', 'in', deliveries.map(numberOf)).execute()
  },
  async waiting() {
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from delivery`.execute(db)
    return rows[0]?.n ?? 0
  },
  async tidy() {
    await sql`delete from alert where until < now() - interval '90 days'`.execute(db)
    const { rows } =
      await sql`delete from delivery where at < now() - interval '7 days' returning id`.execute(db)
    return rows.length
  },
})

const numberOf = ({ number }: Delivery): number => number

/** Takes the lease, or keeps it. */
async function lead(db: Db, holder: string, seconds: number, rules: string): Promise<boolean> {
  const { rows: kept } = await sql`
    update alert_lease set until = ${after(seconds)}
    where holder = ${holder} and until > clock_timestamp() and rules = ${rules} returning holder`.execute(db)
  if (kept.length > 0) return true
  return db.transaction().execute(async own => {
    await sql`insert into alert_lease (holder, until, rules) values ('', '-infinity', '') on conflict do nothing`.execute(
      own,
    )
    const { rows } = await sql<{ is_free: boolean; is_old: boolean; rules: string }>`
      select holder = ${holder} or until <= clock_timestamp() as is_free, until < ${after(-HOURS_NOTED * 3600)} as is_old, rules
      from alert_lease for update`.execute(own)
    const [lease] = rows
    if (!lease?.is_free) return false
    await sql`update alert_lease set holder = ${holder}, until = ${after(seconds)}, rules = ${rules}`.execute(
      own,
    )
    if (!lease.is_old && lease.rules === rules) return true
    // Whoever writes hosts meanwhile takes note of it, or ends first.
    if (lease.is_old) await sql`lock table host, decision in share mode`.execute(own)
    await sql`
      insert into touched_pool (pool)
      select pool from pool_cpu where n > 0 union select pool from decision
      union select pool from alert where until is null and kind <> 'pools'`.execute(own)
    return true
  })
}

/** For how many hours without a server that evaluates it is noted which pools were touched: the tables' triggers know. */
const HOURS_NOTED = 24

/** Runs it while nobody else can take the lease. False: another server has it. */
const asHolder = (
  db: Db,
  holder: string,
  run: (own: Transaction<Tables>) => Promise<void>,
): Promise<boolean> =>
  db.transaction().execute(async own => {
    const { rows } = await sql`
      select holder from alert_lease where holder = ${holder} and until > clock_timestamp() for share`.execute(
      own,
    )
    if (rows.length === 0) return false
    await run(own)
    return true
  })

const keyOf = ({ pool, rule, kind }: AlertSubject): string => JSON.stringify([pool, rule, kind])

async function keepFound(
  own: Transaction<Tables>,
  { pool, notes, found }: Evaluation,
  { patience, receivers }: KeepRules,
): Promise<void> {
  await sql`delete from touched_pool where id = any(${notes}::bigint[])`.execute(own)
  const rows = own.selectFrom('alert').selectAll().where('until', 'is', null)
  const isOf =
    pool === undefined ? sql<boolean>`kind = 'pools'` : sql<boolean>`kind <> 'pools' and pool = ${pool}`
  const open = new Map((await rows.where(isOf).execute()).map(row => [keyOf(row), alertOf(row)]))
  const told: number[] = []
  for (const one of found) {
    const known = open.get(keyOf(one))
    open.delete(keyOf(one))
    if (known) told.push(...(await changeAlert(own, known, one)))
    else told.push(...(await addAlert(own, one, patience === 0)))
  }
  const numbers = (state: AlertState) =>
    [...open.values()].filter(one => one.state === state).map(({ number }) => number)
  const [pending, fired] = [numbers('pending'), numbers('firing')]
  if (pending.length > 0) await own.deleteFrom('alert').where('id', 'in', pending).execute()
  const resolved = own.updateTable('alert').set({ state: 'resolved', until: NOW })
  if (fired.length > 0) await resolved.where('id', 'in', fired).execute()
  await tell(own, [...told, ...fired], receivers)
}

/** @returns its number where receivers should hear of it */
async function addAlert(own: Transaction<Tables>, found: FoundAlert, fires: boolean): Promise<number[]> {
  const { rule, kind, pool, detail } = found
  const row = {
    ...{ rule, kind, pool, since: NOW, detail: JSON.stringify(detail) },
    ...(fires ? { state: 'firing' as const, fired: NOW } : { state: 'pending' as const }),
  }
  const { id } = await own.insertInto('alert').values(row).returning('id').executeTakeFirstOrThrow()
  return fires ? [id] : []
}

/** @returns its number where receivers should hear of it */
async function changeAlert(
  own: Transaction<Tables>,
  known: StoredAlert,
  found: FoundAlert,
): Promise<number[]> {
  const detail = JSON.stringify(found.detail)
  if (JSON.stringify(known.detail) === detail) return []
  await own.updateTable('alert').set({ detail }).where('id', '=', known.number).execute()
  return known.state === 'firing' && !known.acknowledged ? [known.number] : []
}

/** Writes what each receiver is to be told: the alerts as they are now. */
async function tell(own: Transaction<Tables>, alerts: readonly number[], receivers: readonly string[]) {
  if (alerts.length === 0 || receivers.length === 0) return
  await sql`
    insert into delivery (alert, receiver, status, detail)
    select a.id, r.receiver, a.state, a.detail from unnest(${receivers}::text[]) r(receiver)
      cross join alert a where a.id = any(${alerts}::integer[]) order by a.id`.execute(own)
}

async function listAlerts(
  db: Db,
  { state, pool, before, limit = 100 }: AlertSearch = {},
): Promise<readonly StoredAlert[]> {
  let query = db.selectFrom('alert').selectAll().orderBy('id', 'desc').limit(limit)
  if (state !== undefined) query = query.where('state', '=', state)
  if (pool !== undefined) query = query.where('pool', '=', pool)
  if (before !== undefined) query = query.where('id', '<', before)
  return (await query.execute()).map(alertOf)
}

async function acknowledge(db: Db, number: number, by: string, why: string | undefined) {
  const said = why === undefined ? null : JSON.stringify({ by, why, at: new Date().toISOString() })
  const [row] = await db
    .updateTable('alert')
    .set({ acknowledged: said })
    .where('id', '=', number)
    .where('until', 'is', null)
    .returningAll()
    .execute()
  return row && alertOf(row)
}

/** As many are told at once. */
const MOST_TOLD = 100

async function dueDeliveries(db: Db, receiver: string): Promise<readonly Delivery[]> {
  const { rows } = await sql<DeliveryRow>`
    select d.id as delivery, d.status, d.tries, d.next <= clock_timestamp() as is_due, d.detail as detail_then,
      a.* from delivery d join alert a on a.id = d.alert
    where d.receiver = ${receiver} order by d.id limit ${MOST_TOLD}`.execute(db)
  const [first] = rows
  if (!first?.is_due) return []
  const taken: Delivery[] = []
  for (const row of rows) {
    if (row.pool !== first.pool || taken.some(({ alert }) => alert.number === row.id)) break
    const alert = alertOf({ ...row, state: row.status, detail: row.detail_then })
    const then = row.status === 'firing' ? { ...alert, until: undefined } : alert
    taken.push({ number: row.delivery, status: row.status, tries: row.tries, alert: then })
  }
  return taken
}

interface AlertRow {
  readonly id: number
  readonly rule: string
  readonly kind: string
  readonly pool: string
  readonly state: AlertState
  readonly since: Date
  readonly fired: Date | null
  readonly until: Date | null
  readonly detail: AlertDetail
  readonly acknowledged: { readonly by: string; readonly why: string; readonly at: string } | null
  readonly delivered: Date | null
}

interface DeliveryRow extends AlertRow {
  readonly delivery: number
  readonly status: 'firing' | 'resolved'
  readonly tries: number
  readonly is_due: boolean
  readonly detail_then: AlertDetail
}

const alertOf = ({
  id,
  rule,
  kind,
  pool,
  state,
  since,
  fired,
  until,
  detail,
  acknowledged,
  delivered,
}: AlertRow): StoredAlert => ({
  ...{ number: id, rule, kind, pool, state, since, detail },
  fired: fired ?? undefined,
  until: until ?? undefined,
  acknowledged: acknowledged ? { ...acknowledged, at: new Date(acknowledged.at) } : undefined,
  delivered: delivered ?? undefined,
})
