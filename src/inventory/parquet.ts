import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BadRequest } from '../questions/context.ts'
import { load } from './fault.ts'

/** The columns of an export, in the order of what its lines have. */
const COLUMNS: Readonly<Record<string, string>> = {
  kind: 'VARCHAR',
  format: 'INTEGER',
  hash: 'VARCHAR',
  dialect: 'VARCHAR',
  text: 'VARCHAR',
  id: 'VARCHAR',
  past: 'STRUCT("since" TIMESTAMP, "until" TIMESTAMP, "name" VARCHAR, "pool" VARCHAR, "evidence" VARCHAR)[]',
  seen: 'TIMESTAMP',
  evidence: 'VARCHAR',
  reporter: 'VARCHAR',
  pool: 'VARCHAR',
  cpu: 'VARCHAR',
  before: 'VARCHAR',
  by: 'VARCHAR',
  why: 'VARCHAR',
  at: 'TIMESTAMP',
  hosts: 'INTEGER',
  decisions: 'INTEGER',
}

/** Keys of decisions that are null where nothing is pinned; elsewhere a line has no key without a value. */
const NULLABLE = ['cpu', 'before']

/** Whether a path is that of a Parquet file, by its ending. */
export const isParquet = (path: string): boolean => /\.parquet$/i.test(path)

/**
 * Makes a Parquet file of the lines of an export that stand in a file: a row for each line, a column for each key, times as
 * times (UTC).
 * @throws InventoryError where DuckDB is not installed
 */
export async function writeParquet(lines: string, path: string): Promise<void> {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `"${name}": ${quoted(type)}`)
  const read = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}},
    maximum_object_size = 67108864)`
  await run(`copy (select * from ${read}) to ${quoted(path)} (format parquet, compression zstd)`)
}

/** The lines of an export that stand in a Parquet file. @throws InventoryError where DuckDB is not installed */
export async function* parquetLines(path: string): AsyncGenerator<string> {
  const folder = await mkdtemp(join(tmpdir(), 'virt-cpu-'))
  try {
    const lines = join(folder, 'lines.ndjson')
    const time = (name: string) => `strftime(${name}, '%Y-%m-%dT%H:%M:%S.%gZ')`
    await run(`copy (
      select * replace (
        ${time('seen')} as seen, ${time('"at"')} as "at",
        list_transform(past, lambda p: {'since': ${time('p."since"')}, 'until': ${time('p."until"')},
          'name': p."name", 'pool': p."pool", 'evidence': p."evidence"}) as past
      ) from read_parquet(${quoted(path)})
    ) to ${quoted(lines)} (format json)`)
    for await (const line of createInterface({ input: createReadStream(lines) })) yield lineOf(line)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A row as the line that it was made of. */
function lineOf(row: string): string {
  const { kind } = JSON.parse(row) as { readonly kind?: unknown }
  const isKept = (key: string, value: unknown): boolean =>
    value !== null || (kind === 'decision' && NULLABLE.includes(key))
  return JSON.stringify(JSON.parse(row), (key, value) => (isKept(key, value) ? value : undefined))
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Runs a statement in a database of its own. */
async function run(statement: string): Promise<void> {
  const { DuckDBInstance } = await load('@duckdb/node-api', () => import('@duckdb/node-api'))
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MB', threads: '2' })
  const connection = await instance.connect()
  try {
    await connection.run(statement)
  } catch (error) {
    throw new BadRequest(`DuckDB cannot do it: ${error instanceof Error ? error.message : error}`)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
