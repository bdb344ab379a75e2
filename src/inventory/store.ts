import { Migrator, sql } from 'kysely'
import type { Context } from '../questions/context.ts'
import { auditLogIn, tokensIn } from './access.ts'
import { alertsIn } from './alerts.ts'
import { countChanged, findChanges, findEvents, readTimeline } from './changes.ts'
import type { TextReader } from './derive.ts'
import { exportLines, Import } from './dump.ts'
import type { SqlEngine } from './engine.ts'
import { InventoryError } from './fault.ts'
import { fleetOf, readStoredFleet } from './fleet.ts'
import { findEvidence, findHost, removeHost, searchHosts } from './hosts.ts'
import type { Inventory } from './inventory.ts'
import { MIGRATIONS } from './migrations.ts'
import { computeBaselines, decide, listDecisions, listPools } from './pools.ts'
import { deleteUnused, Recomputation } from './recompute.ts'
import { Reports } from './report.ts'
import type { Db } from './schema.ts'
import { Layout } from './schema.ts'
import { syncedIn } from './sync.ts'

/** The package's, which the build puts in. */
declare const __VERSION__: string

/** Brings the tables up to date. @throws InventoryError for those of a newer version */
async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  if (error instanceof InventoryError) throw error
  const said = error instanceof Error ? error.message : String(error)
  const isNewer = /previously executed migration/.test(said)
  const why = isNewer ? 'it was written by a newer virt-cpu' : said
  throw new InventoryError('schema', `the inventory's tables cannot be used: ${why}`, error)
}

/** Under which name the version is kept that derived what is stored. */
const DERIVED_BY = 'derived-by'

/** The inventory in a database. @throws InventoryError */
export async function storeIn(
  { db, close }: SqlEngine,
  context: Context,
  reader: TextReader,
): Promise<Inventory> {
  await migrate(db)
  const layout = new Layout(db)
  const reports = new Reports(db, context, layout, reader)
  const recomputation = new Recomputation(db, context, layout)
  const derived = await db
    .selectFrom('setting')
    .select('value')
    .where('key', '=', DERIVED_BY)
    .executeTakeFirst()
  const noteDerived = () =>
    sql`insert into setting (key, value) values (${DERIVED_BY}, ${__VERSION__})
      on conflict (key) do update set value = excluded.value`.execute(db)
  if (derived?.value !== __VERSION__) {
    if (derived) await recomputation.profiles()
    await noteDerived()
  }
  const inventory: Inventory = {
    report: host => reports.one(host),
    reportAll: hosts => reports.all(hosts),
    touch: async (id, hash, about) => (await reports.touch([{ ...about, id, hash }])).has(id),
    hosts: search => searchHosts(db, search),
    host: id => findHost(db, id),
    evidence: hash => findEvidence(db, hash),
    remove: id => removeHost(db, id),
    pools: () => listPools(db),
    poolBaselines: pool => computeBaselines(db, layout, pool),
    fleetAt: (of = {}) => fleetOf(db, context, of),
    storedFleet: (of = {}) => readStoredFleet(db, of),
    changes: search => findChanges(db, layout, search),
    timeline: of => readTimeline(db, of),
    countChanged: seconds => countChanged(db, seconds),
    events: from => findEvents(db, from),
    pin: (pool, cpu, by, why) => decide(db, context, { pool, cpu, by, why }),
    decisions: pool => listDecisions(db, pool),
    async recompute() {
      await recomputation.profiles()
      return recomputation.hosts(reports)
    },
    tidy: () => deleteUnused(db),
    exportLines: pool => exportLines(db, pool),
    importLines: lines => new Import(db, reports).read(lines),
    tokens: tokensIn(db),
    auditLog: auditLogIn(db),
    alerts: alertsIn(db),
    synced: syncedIn(db, () => inventory),
    async check() {
      await sql`select 1`.execute(db)
    },
    close,
  }
  return inventory
}
