import { sql } from 'kysely'
import * as v from 'valibot'
import { BadRequest } from '../questions/context.ts'
import { sha256, textOfEvidence } from './derive.ts'
import type { HostReported, ImportDone } from './inventory.ts'
import { listDecisions } from './pools.ts'
import { packed, type Reports, rowsOf } from './report.ts'
import type { Db } from './schema.ts'

/** The form of what is written; a reader refuses a newer one. */
const FORMAT = 1

const Time = v.pipe(v.string(), v.isoTimestamp(), v.toDate())
const Hash = v.pipe(v.string(), v.regex(/^[\da-f]{64}$/))

/** What a host was from `since` on: the last one without `until` is what it is. */
const Past = v.strictObject({
  since: Time,
  until: v.optional(Time),
  name: v.string(),
  pool: v.string(),
  evidence: Hash,
})

/** A line of an export. A text comes before the first host that it is of; of `seen` there is none where a host was taken out. */
const Line = v.variant('kind', [
  v.strictObject({ kind: v.literal('inventory'), format: v.number() }),
  v.strictObject({ kind: v.literal('text'), hash: Hash, dialect: v.string(), text: v.string() }),
  v.strictObject({
    kind: v.literal('host'),
    id: v.pipe(v.string(), v.minLength(1)),
    past: v.pipe(v.array(Past), v.minLength(1)),
    seen: v.optional(Time),
    evidence: v.optional(Hash),
    reporter: v.optional(v.string()),
  }),
  v.strictObject({
    kind: v.literal('decision'),
    pool: v.string(),
    cpu: v.nullable(v.string()),
    before: v.nullable(v.string()),
    by: v.string(),
    why: v.string(),
    at: Time,
  }),
  v.strictObject({ kind: v.literal('end'), hosts: v.number(), decisions: v.number() }),
])
type Line = v.InferOutput<typeof Line>
type LineOf<K extends Line['kind']> = Extract<Line, { readonly kind: K }>

/** Hosts that are read at once. */
const PAGE = 200

/** Hashes of texts that are remembered as written; beyond, a text may come again. */
const MOST = 200_000

/**
 * Everything that an inventory keeps but tokens, the audit log and alerts, a JSON text each: texts, hosts with their
 * history, decisions. Two inventories that keep the same write the same. Each host is as it was at one moment.
 * @param pool hosts that are in it now, and its decisions; absent: all, and those that were taken out
 */
export async function* exportLines(db: Db, pool?: string): AsyncGenerator<string> {
  const written = new Set<string>()
  yield JSON.stringify({ kind: 'inventory', format: FORMAT })
  let hosts = 0
  for (let last = ''; ; ) {
    const rows = await pageOf(db, last, pool)
    const end = rows.at(-1)?.id
    if (end === undefined) break
    const page = hostsOf(rows)
    hosts += page.length
    const hashes = new Set(page.flatMap(({ past, evidence }) => [...past, { evidence }].map(hashOf)))
    const wanted = [...hashes].filter(hash => hash !== '' && !written.has(hash))
    for (const { hash, dialect, text } of await textsOf(db, wanted)) {
      if (written.size >= MOST) written.clear()
      written.add(hash)
      yield JSON.stringify({ kind: 'text', hash, dialect, text: textOfEvidence(text) })
    }
    for (const host of page) yield JSON.stringify(host)
    last = end
  }
  const decisions = [...(await listDecisions(db, pool))].reverse()
  for (const { number: _, cpu = null, before = null, pool: label, by, why, at } of decisions)
    yield JSON.stringify({ kind: 'decision', pool: label, cpu, before, by, why, at })
  yield JSON.stringify({ kind: 'end', hosts, decisions: decisions.length })
}

const hashOf = ({ evidence = '' }: { readonly evidence?: string | undefined }): string => evidence

interface PageRow extends v.InferOutput<typeof Past> {
  readonly id: string
  readonly reporter: string | null
  readonly seen: Date | null
  readonly now_evidence: string | null
}

/** The next hosts behind one, a row for each time of their history. */
async function pageOf(db: Db, last: string, pool: string | undefined): Promise<PageRow[]> {
  const page =
    pool === undefined
      ? sql`select distinct host as id from history where host > ${last} order by 1 limit ${PAGE}`
      : sql`select id from host where pool = ${pool} and id > ${last} order by 1 limit ${PAGE}`
  const { rows } = await sql<PageRow & { until: Date | null }>`
    select x.host as id, x.since, x.until, x.name, x.pool, encode(x.evidence, 'hex') as evidence,
      h.reporter, h.seen, encode(h.evidence, 'hex') as now_evidence
    from (${page}) p join history x on x.host = p.id left join host h on h.id = p.id
    order by x.host, x.since`.execute(db)
  return rows
}

function hostsOf(rows: readonly PageRow[]) {
  const hosts = new Map<string, PageRow[]>()
  for (const row of rows) {
    const own = hosts.get(row.id)
    if (own) own.push(row)
    else hosts.set(row.id, [row])
  }
  return Array.from(hosts, ([id, own]) => {
    const [{ seen = null, reporter = null, now_evidence = null } = {}] = own
    const past = own.map(({ since, until, name, pool, evidence }) => ({
      since,
      until: until ?? undefined,
      ...{ name, pool, evidence },
    }))
    const now = {
      seen: seen ?? undefined,
      evidence: now_evidence ?? undefined,
      reporter: reporter ?? undefined,
    }
    return { kind: 'host', id, past, ...now } as const
  })
}

interface TextRow {
  readonly hash: string
  readonly dialect: string
  readonly text: Uint8Array
}

async function textsOf(db: Db, hashes: readonly string[]): Promise<TextRow[]> {
  const { rows } = await sql<TextRow>`
    select t.hash, e.dialect, e.text from ${rowsOf(
      hashes.map(hash => ({ hash })),
      'hash text',
    )} join evidence e on e.hash = decode(t.hash, 'hex') order by t.hash`.execute(db)
  return rows
}

/** Times of histories that are written at once. */
const BATCH = 500

/** Reads the lines of an export into an inventory: what is stored there stays, and what is later comes to it. */
export class Import {
  readonly #db: Db
  readonly #reports: Reports
  #texts: LineOf<'text'>[] = []
  #hosts: LineOf<'host'>[] = []
  #done = { hosts: 0, changed: 0, decisions: 0, newDecisions: 0 }
  readonly #refused: { id: string; error: Error }[] = []

  constructor(db: Db, reports: Reports) {
    this.#db = db
    this.#reports = reports
  }

  /** @throws BadRequest for what is no export, or not a whole one; what came before that is stored */
  async read(lines: AsyncIterable<string> | Iterable<string>): Promise<ImportDone> {
    let number = 0
    let end: LineOf<'end'> | undefined
    for await (const text of lines) {
      number++
      if (text.trim() === '') continue
      if (end) throw new BadRequest(`line ${number}: the export ended above`)
      const line = parseLine(text, number)
      if (number === 1 && line.kind !== 'inventory') throw notAnExport(number)
      if (line.kind === 'end') end = line
      else await this.#take(line, number)
    }
    await this.#writeHosts()
    this.#checkEnd(end)
    const { hosts, changed, newDecisions: decisions } = this.#done
    return { hosts, changed, decisions, refused: this.#refused }
  }

  #checkEnd(end: LineOf<'end'> | undefined): void {
    const { hosts, decisions } = this.#done
    const what = `${hosts} hosts and ${decisions} decisions`
    if (!end) throw new BadRequest(`the export was cut off: ${what} came before it ended, and are stored`)
    if (end.hosts !== hosts || end.decisions !== decisions)
      throw new BadRequest(
        `the export is not whole: it had ${end.hosts} hosts and ${end.decisions} decisions, and ${what} came`,
      )
  }

  async #take(line: Exclude<Line, LineOf<'end'>>, number: number): Promise<void> {
    if (line.kind === 'inventory') {
      if (line.format > FORMAT)
        throw new BadRequest(`line ${number}: a newer virt-cpu wrote it (format ${line.format})`)
    } else if (line.kind === 'text') {
      if (sha256(line.text) !== line.hash)
        throw new BadRequest(`line ${number}: the text is not what its hash says`)
      this.#texts.push(line)
      if (this.#texts.length >= BATCH) await this.#writeTexts()
    } else if (line.kind === 'host') {
      this.#hosts.push(line)
      if (this.#hosts.reduce((sum, { past }) => sum + past.length, 0) >= BATCH) await this.#writeHosts()
    } else {
      this.#done.decisions++
      if (await writeDecision(this.#db, line)) this.#done.newDecisions++
    }
  }

  async #writeTexts(): Promise<void> {
    const rows = this.#texts.map(({ hash, dialect, text }) => ({ hash, dialect, text: packed(text) }))
    this.#texts = []
    if (rows.length === 0) return
    await sql`insert into evidence (hash, text, dialect)
      select decode(hash, 'hex'), decode(text, 'base64'), dialect from ${rowsOf(rows, 'hash text, text text, dialect text')}
      order by 1 on conflict do nothing`.execute(this.#db)
  }

  async #writeHosts(): Promise<void> {
    await this.#writeTexts()
    const hosts = this.#hosts
    this.#hosts = []
    this.#done.hosts += hosts.length
    const stored = await storedOf(
      this.#db,
      hosts.map(({ id }) => id),
    )
    const plans = hosts.map(host => stepsFor(host, stored.get(host.id))).filter(steps => steps.length > 0)
    this.#done.changed += plans.length
    const texts = new Map<string, string>()
    const hashes = new Set(plans.flat().flatMap(step => ('end' in step ? [] : step.hash)))
    for (const { hash, text } of await textsOf(this.#db, [...hashes])) texts.set(hash, textOfEvidence(text))
    while (plans.some(steps => steps.length > 0)) {
      await this.#report(plans.flatMap(takeReports), texts)
      await this.#end(plans.flatMap(steps => takeEnd(steps) ?? []))
    }
  }

  async #report(steps: readonly ReportStep[], texts: ReadonlyMap<string, string>): Promise<void> {
    const reports = steps.map(({ hash, ...host }): HostReported => {
      const text = texts.get(hash)
      if (text === undefined) throw new BadRequest(`host ${host.id}: its text ${hash} is missing`)
      return { ...host, text }
    })
    for (const answer of await this.#reports.all(reports)) if ('error' in answer) this.#refused.push(answer)
  }

  /** Takes hosts out as of then; the database's own clock would say now. */
  async #end(ends: readonly EndStep['end'][]): Promise<void> {
    if (ends.length === 0) return
    const given = rowsOf(ends, 'id text, since timestamptz, until timestamptz')
    await this.#db.transaction().execute(async db => {
      await sql`delete from host h using ${given} where h.id = t.id`.execute(db)
      await sql`update history h set until = t.until from ${given}
        where h.host = t.id and h.since = t.since`.execute(db)
    })
  }
}

/** @throws BadRequest */
function parseLine(text: string, number: number): Line {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    if (number === 1) throw notAnExport(number)
    throw new BadRequest(`line ${number}: no JSON: the export may have been cut off here`)
  }
  const { success, output, issues } = v.safeParse(Line, value)
  if (success) return output
  if (number === 1) throw notAnExport(number)
  const [issue] = issues
  throw new BadRequest(`line ${number}: ${v.getDotPath(issue) ?? 'the line'}: ${issue.message}`)
}

const notAnExport = (number: number): BadRequest =>
  new BadRequest(
    `line ${number}: no export of an inventory: its first line is {"kind":"inventory","format":1}`,
  )

interface ReportStep extends Omit<HostReported, 'text'> {
  readonly hash: string
}

interface EndStep {
  readonly end: { readonly id: string; readonly since: Date; readonly until: Date }
}

type Step = ReportStep | EndStep

/** What an inventory knows of a host already. */
interface Known {
  /** When anything of it changed last, in ms. */
  readonly newest: number
  /** Since when it is what it is; undefined: it was taken out. */
  readonly open: number | undefined
  readonly seen: number
}

/** What is to be written of a host, in order: only what is later than all that is known of it. */
function stepsFor({ id, past, seen, evidence, reporter }: LineOf<'host'>, known: Known | undefined): Step[] {
  const steps: Step[] = []
  let open = known?.open
  for (const [i, { since, until, name, pool, evidence: hash }] of past.entries()) {
    const time = since.getTime()
    if (time > (known?.newest ?? Number.NEGATIVE_INFINITY)) {
      steps.push({ id, hash, name, pool, at: since })
      open = time
    }
    const next = past[i + 1]
    const isTakenOut = until !== undefined && (!next || next.since > until)
    if (isTakenOut && open === time && (known?.newest ?? 0) <= until.getTime()) {
      steps.push({ end: { id, since, until } })
      open = undefined
    }
  }
  const last = past.at(-1)
  const isOurs = last !== undefined && open === last.since.getTime()
  if (isOurs && seen && evidence && seen.getTime() > (known?.seen ?? Number.NEGATIVE_INFINITY))
    steps.push({ id, hash: evidence, name: last.name, pool: last.pool, reporter, at: seen })
  return steps
}

/** Takes the reports up to where the host is taken out. */
function takeReports(steps: Step[]): ReportStep[] {
  const reports: ReportStep[] = []
  for (let step = steps[0]; step && !('end' in step); step = steps[0]) {
    reports.push(step)
    steps.shift()
  }
  return reports
}

function takeEnd(steps: Step[]): EndStep['end'] | undefined {
  const step = steps.shift()
  return step && 'end' in step ? step.end : undefined
}

async function storedOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
  const given = rowsOf(
    ids.map(id => ({ id })),
    'id text',
  )
  const { rows } = await sql<{ id: string; newest: Date; open: Date | null; seen: Date | null }>`
    select x.host as id, max(greatest(x.since, x.until)) as newest,
      max(x.since) filter (where x.until is null) as open, max(h.seen) as seen
    from ${given} join history x on x.host = t.id left join host h on h.id = t.id group by 1`.execute(db)
  return new Map(
    rows.map(({ id, newest, open, seen }) => [
      id,
      { newest: newest.getTime(), open: open?.getTime(), seen: seen?.getTime() ?? Number.NEGATIVE_INFINITY },
    ]),
  )
}

/** Writes a decision that is later than all that are stored of its pool: the last one counts. */
async function writeDecision(
  db: Db,
  { pool, cpu, before, by, why, at }: LineOf<'decision'>,
): Promise<boolean> {
  const { rows } = await sql`
    insert into decision (pool, cpu, before, decided_by, why, at)
    select t.pool, t.cpu, t.before, t.by, t.why, t.at
    from ${rowsOf([{ pool, cpu, before, by, why, at }], 'pool text, cpu text, before text, by text, why text, at timestamptz')}
    where not exists (
      select from decision d where d.pool = t.pool and date_trunc('milliseconds', d.at) >= t.at
    ) returning 1`.execute(db)
  return rows.length > 0
}
