import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, expect, test } from 'vitest'
import { killServers, startServer } from './served.ts'
import { virtCpu } from './virt-cpu.ts'

const EXAMPLE = readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'inventory.ndjson'), 'utf8')
const folder = () => mkdtempSync(join(tmpdir(), 'inventory-'))
const run = (args: readonly string[], input = '') => virtCpu(['inventory', ...args], { input })

afterEach(killServers)

test('an export goes into a folder and comes out of it as it was, and out of its server', {
  timeout: 120_000,
}, async () => {
  const store = folder()
  const read = ['2 hosts read, 2 of them new here or changed; 0 decisions new here\n', '']
  const first = run(['import', '-', '--store', store], EXAMPLE)
  expect([first.status, first.stdout, first.stderr]).toEqual([0, ...read])
  const again = run(['import', '--store', store, '--json'], EXAMPLE)
  expect(JSON.parse(again.stdout)).toEqual({ schema: 2, hosts: 2, changed: 0, decisions: 0, refused: [] })
  expect(run(['export', '--store', store]).stdout).toBe(EXAMPLE)
  const nowhere = join(folder(), 'no', 'fleet.ndjson')
  const written = run(['export', '--store', store, '--output', nowhere])
  expect([written.status, written.stderr]).toEqual([
    2,
    `error: Failed to write file '${nowhere}': No such file or directory\n`,
  ])
  expect(run(['recompute', '--store', store]).stdout).toMatch(/^0 hosts, now or before/)
  expect(run(['tidy', '--store', store]).stdout).toMatch(/^0 texts deleted/)

  const { url } = await startServer(['--store', store], 60_000)
  const output = join(folder(), 'all.ndjson')
  await expect.poll(async () => (await fetch(new URL('readyz', url))).status, { timeout: 60_000 }).toBe(200)
  const served = run(['export', '--url', url, '--output', output])
  expect([served.status, served.stderr]).toEqual([0, ''])
  expect(readFileSync(output, 'utf8')).toBe(EXAMPLE)
  expect(run(['export', '--url', url, '--pool', 'nosuch']).stdout.split('\n')).toHaveLength(3)
  const locked = run(['export', '--store', store])
  expect([locked.status, locked.stderr]).toEqual([
    2,
    expect.stringContaining('another process has the inventory'),
  ])
})

test('an export goes through Parquet, which other programs read', { timeout: 120_000 }, async () => {
  const [store, other, path] = [folder(), folder(), join(folder(), "it's.parquet")]
  expect(run(['import', '--store', store], EXAMPLE).status).toBe(0)
  expect(run(['export', '--store', store, '--output', path]).stderr).toBe('')
  expect(readdirSync(dirname(path))).toEqual(["it's.parquet"])
  expect(run(['import', path, '--store', other]).stdout).toMatch(/^2 hosts read, 2 of them new/)
  expect(run(['export', '--store', other]).stdout).toBe(EXAMPLE)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const query = `select id, len(past), date_diff('day', "at", seen) from '${path.replace("'", "''")}' where kind = 'host'`
  expect((await connection.runAndReadAll(query)).getRows()).toEqual([
    ['ice-01', 2n, null],
    ['sky-01', 1n, null],
  ])
  connection.closeSync()
  instance.closeSync()
  writeFileSync(path, 'PAR1 no')
  for (const [file, message] of [
    [path, 'DuckDB cannot do it'],
    [`${path}.nosuch.parquet`, 'No such file or directory'],
  ] as const)
    expect(run(['import', file, '--store', other])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(message),
    })
})

test('an export that was cut off is refused with its line', { timeout: 60_000 }, () => {
  expect(run(['import', '--store', folder()], EXAMPLE.slice(0, -20))).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('line 7: no JSON: the export may have been cut off here'),
  })
})

test.each([
  [['export'], 'say which inventory'],
  [['export', '--store', '/nosuch/folder'], 'there is no inventory in /nosuch/folder'],
  [['import', 'nosuch.ndjson', '--store'], "Failed to read file 'nosuch.ndjson': No such file or directory"],
  [['import', '--store', 'mysql://x/y'], '--store takes a folder, or a URL such as postgres://'],
  [['sell'], "inventory has export, import, recompute, tidy, not 'sell'"],
  [['tidy', '--pool', 'x', '--store', '/nosuch'], '--pool is of inventory export, not of tidy'],
  [['export', 'file', '--store', '/nosuch'], 'takes no file; export has --output FILE'],
  [['export', '--url', 'x'], "--url takes an address, not 'x'"],
  [['export', '--url', 'http://127.0.0.1:9'], 'cannot be reached'],
])('%j is refused with a remedy', (args, message) => {
  const { status, stdout, stderr } = run(args.at(-1) === '--store' ? [...args, folder()] : args)
  expect([status, stdout]).toEqual([expect.any(Number), ''])
  expect(status).toBeGreaterThan(0)
  expect(stderr).toContain(message)
})
