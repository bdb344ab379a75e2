import { sql } from 'kysely'
import { BadRequest, type Context } from '../questions/context.ts'
import { readRules } from '../questions/input/fleet/read-rules.ts'
import type { Decision, PoolBaseline, StoredPool } from './inventory.ts'
import type { Db } from './schema.ts'
import { type Layout, namesOfBits } from './schema.ts'

/** Every pool with hosts or a decision. */
export async function listPools(db: Db): Promise<readonly StoredPool[]> {
  const { rows } = await sql<{ pool: string; hosts: number; cpus: number }>`
    select c.pool, sum(c.n)::integer as hosts, count(*)::integer as cpus from pool_cpu c where c.n > 0 group by c.pool`.execute(
    db,
  )
  const pinned = new Map((await pinnedCpus(db)).map(decision => [decision.pool, decision]))
  const known = new Set(rows.map(({ pool }) => pool))
  const empty = [...pinned.keys()].filter(pool => !known.has(pool))
  const all = [...rows, ...empty.map(pool => ({ pool, hosts: 0, cpus: 0 }))]
  return all
    .map(row => ({ ...row, pinned: pinned.get(row.pool) }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.pool), Buffer.from(b.pool)))
}

interface BaselineRow {
  readonly pool: string
  readonly arch: string
  readonly hosts: number
  readonly cpus: number
  readonly vendors: readonly string[] | null
  readonly phys_bits: number | null
  readonly present: string
  readonly possible: string
  readonly absent: string
  readonly offered: string
  readonly hazards: string
  readonly lost: string
}

/** Of every pool, or of one: folded over its distinct CPUs, never over hosts. */
export async function computeBaselines(db: Db, layout: Layout, pool?: string): Promise<PoolBaseline[]> {
  const { rows } = await sql<BaselineRow>`
    select p.pool, c.arch, sum(p.n)::integer as hosts, count(*)::integer as cpus,
      array_agg(distinct c.vendor order by c.vendor) filter (where c.vendor is not null) as vendors,
      min(c.phys_bits) as phys_bits,
      bit_and(c.present)::text as present, bit_and(c.possible)::text as possible, bit_or(c.absent)::text as absent,
      bit_and(c.offered)::text as offered, bit_or(c.hazards)::text as hazards,
      (bit_or(c.possible) & ~bit_and(c.offered))::text as lost
    from pool_cpu p join cpu c on c.id = p.cpu
    where p.n > 0 and ${pool === undefined ? sql`true` : sql`p.pool = ${pool}`}
    group by p.pool, c.arch order by p.pool, c.arch`.execute(db)
  const names = new Map<string, readonly string[]>()
  for (const arch of new Set(rows.map(row => row.arch))) names.set(arch, await layout.of(arch))
  // Pools of equal hosts have equal strings.
  const read = new Map<string, readonly string[]>()
  return rows.map(({ phys_bits, possible, vendors, ...row }) => {
    const named = (bits: string) => {
      const key = `${row.arch} ${bits}`
      const known = read.get(key) ?? namesOfBits(names.get(row.arch) ?? [], bits)
      read.set(key, known)
      return known
    }
    const [present, absent] = [named(row.present), named(row.absent)]
    const recorded = new Set(present)
    const assumed = named(possible).filter(name => !recorded.has(name))
    const all = names.get(row.arch) ?? []
    return {
      ...row,
      vendors: vendors ?? [],
      physBits: phys_bits ?? undefined,
      present,
      assumed,
      absent,
      unknown: all.length - present.length - assumed.length - absent.length,
      offered: named(row.offered),
      hazards: named(row.hazards),
      lost: named(row.lost),
    }
  })
}

/** The decision that counts of each pool, where it pins a CPU. @param time absent: now */
export async function pinnedCpus(db: Db, time?: Date): Promise<Decision[]> {
  const { rows } = await sql<DecisionRow>`
    select distinct on (pool) * from decision
    where ${time === undefined ? sql`true` : sql`at <= ${time}`} order by pool, id desc`.execute(db)
  return rows.map(decisionOf).filter(({ cpu }) => cpu !== undefined)
}

interface DecisionRow {
  readonly id: number
  readonly pool: string
  readonly cpu: string | null
  readonly before: string | null
  readonly decided_by: string
  readonly why: string
  readonly at: Date
}

const decisionOf = ({ id, pool, cpu, before, decided_by, why, at }: DecisionRow): Decision => ({
  number: id,
  pool,
  cpu: cpu ?? undefined,
  before: before ?? undefined,
  by: decided_by,
  why,
  at,
})

export interface Pin {
  readonly pool: string
  readonly cpu: string | undefined
  readonly by: string
  readonly why: string
}

/** Records a decision. Of two at once the second knows the first. @throws BadRequest */
export async function decide(db: Db, context: Context, { pool, cpu, by, why }: Pin): Promise<Decision> {
  if (by === '' || why === '') throw new BadRequest('a decision needs who decided and why')
  if (cpu !== undefined) checkCpu(context, pool, cpu)
  return db.transaction().execute(async own => {
    await sql`select pg_advisory_xact_lock(7046302, hashtext(${pool}))`.execute(own)
    const last = own.selectFrom('decision').select('cpu').where('pool', '=', pool).orderBy('id', 'desc')
    const before = (await last.limit(1).executeTakeFirst())?.cpu ?? null
    const row = { pool, cpu: cpu ?? null, before, decided_by: by, why }
    return decisionOf(await own.insertInto('decision').values(row).returningAll().executeTakeFirstOrThrow())
  })
}

/** As a fleet file's kept CPU is read. */
function checkCpu(context: Context, pool: string, cpu: string): void {
  const rules = readRules({ 'kept-cpus': { [pool]: cpu } }, (_, what) => new BadRequest(`cpu ${what}`))
  rules.policies([context])
}

/** Newest first. */
export async function listDecisions(db: Db, pool?: string): Promise<readonly Decision[]> {
  let query = db.selectFrom('decision').selectAll().orderBy('id', 'desc')
  if (pool !== undefined) query = query.where('pool', '=', pool)
  return (await query.execute()).map(decisionOf)
}
