import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InventoryError } from '../../src/inventory/fault.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openInventory } from '../../src/inventory/open.ts'
import { runProcess } from '../cli/virt-cpu.ts'
import { isLong, runs } from '../effort.ts'
import { fleetQuestionsContract } from '../http/fleet-questions.ts'
import { alertContract } from '../inventory/alert-contract.ts'
import { inventoryContract } from '../inventory/contract.ts'
import { expectMoves, happen, happenings } from '../inventory/dump.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed } from '../needs.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

const reason = needed('PostgreSQL', whyNoPostgres())
const isRoot = process.getuid?.() === 0

let server: Postgres
beforeAll(async () => {
  if (!reason) server = await startPostgres()
})
afterAll(() => server?.end())

/** A new database on the server, by its URL. */
function newDatabase(name: string): string {
  const { status, stderr } = runProcess('psql', [server.url, '-c', `create database ${name}`])
  expect(status, stderr).toBe(0)
  return server.url.replace('/postgres?', `/${name}?`)
}

const psql = (url: string, statement: string): string => {
  const { status, stdout, stderr } = runProcess('psql', [url, '-Atc', statement])
  expect(status, stderr).toBe(0)
  return stdout.trim()
}

const newFolder = () => mkdtempSync(join(tmpdir(), 'inventory-'))

/** Holds of every inventory, whatever happened to it. @returns how many hosts it has */
async function expectSound(inventory: Inventory): Promise<number> {
  const ids = new Set<string>()
  for (let after: string | undefined; ; ) {
    const { hosts, next } = await inventory.hosts({ limit: 1000, after })
    for (const { id } of hosts) ids.add(id)
    after = next
    if (next === undefined) break
  }
  const counted = (await inventory.pools()).reduce((sum, { hosts }) => sum + hosts, 0)
  expect(counted).toBe(ids.size)
  expect((await inventory.fleetAt()).view.fleet.hosts.length).toBe(ids.size)
  return ids.size
}

describe.skipIf(reason)(`PostgreSQL${reason ? `: ${reason}` : ''}`, () => {
  inventoryContract(() => openInventory({ url: newDatabase('contract') }), 500)

  test('what is exported goes into a folder, and back into a database, as it was', {
    timeout: 600_000,
  }, async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(happenings, async list => {
        count++
        const database = await openInventory({ url: newDatabase(`export${count}`) })
        const inFolder = await openInventory({ folder: newFolder() })
        const back = await openInventory({ url: newDatabase(`import${count}`) })
        try {
          await happen(database, list)
          await expectMoves(database, inFolder)
          await expectMoves(inFolder, back)
        } finally {
          for (const inventory of [database, inFolder, back]) await inventory.close()
        }
      }),
      { numRuns: runs(60, 20) },
    )
  })

  fleetQuestionsContract(() => openInventory({ url: newDatabase('asked') }), 10)

  alertContract(() => openInventory({ url: newDatabase('alerts') }), 40)

  test('what is derived can be made again of the evidence', async () => {
    const url = newDatabase('derived')
    const inventory = await openInventory({ url })
    const models = ['Skylake-Server', 'Cascadelake-Server', 'Icelake-Server']
    await inventory.reportAll(
      models.map((model, i) => ({ id: `n${i}`, pool: 'p', text: capabilities({ model }) })),
    )
    const before = await inventory.poolBaselines()
    const history = (await inventory.host('n1'))?.history
    psql(url, `update cpu set hash = 'old' || id, offered = ~offered, possible = ~possible`)
    psql(url, `update profile set facts = '{}'`)
    psql(url, `delete from pool_cpu`)
    expect(await inventory.poolBaselines()).not.toEqual(before)
    await inventory.recompute()
    expect((await inventory.poolBaselines()).map(({ cpus, ...one }) => one)).toEqual(
      before.map(({ cpus, ...one }) => one),
    )
    expect((await inventory.host('n1'))?.history.map(({ cpu, ...one }) => one)).toEqual(
      history?.map(({ cpu, ...one }) => one),
    )
    await inventory.close()
  })

  test('another version derives again when it opens one', async () => {
    const url = newDatabase('version')
    const first = await openInventory({ url })
    await first.report({ id: 'n', pool: 'p', text: capabilities({}) })
    const before = await first.poolBaselines()
    await first.close()
    psql(url, `update cpu set hash = 'old', offered = ~offered; update setting set value = '0.0.1'`)
    const second = await openInventory({ url })
    expect(await second.poolBaselines()).toEqual(before)
    await second.close()
  })

  test('two servers on one database agree', async () => {
    const url = newDatabase('two')
    const [a, b] = await Promise.all([openInventory({ url }), openInventory({ url })])
    const ids = Array.from({ length: 60 }, (_, i) => `n${i % 20}`)
    await Promise.all(
      ids.map((id, i) =>
        (i % 2 ? a : b).report({ id, pool: `p${i % 3}`, text: capabilities({ microcode: i % 4 }) }),
      ),
    )
    expect(await expectSound(a)).toBe(20)
    expect(await b.poolBaselines()).toEqual(await a.poolBaselines())
    expect(psql(url, 'select count(*), count(distinct host) from history where until is null')).toBe('20|20')
    const overlaps = `select count(*) from history a join history b using (host) where a.since < b.since
      and (a.until is null or a.until > b.since)`
    expect(psql(url, overlaps)).toBe('0')
    await Promise.all([a.close(), b.close()])
  })

  test('a server that is killed makes clear errors, and nothing is lost when it is back', async () => {
    const inventory = await openInventory({ url: newDatabase('killed') })
    await inventory.report({ id: 'before', text: capabilities({}) })
    const pid = Number(readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    process.kill(pid, 'SIGKILL')
    const stored = ['before']
    const fault = await (async () => {
      // Those that serve live on for a moment.
      for (let i = 0; i < 500; i++, await pause(10)) {
        await inventory.report({ id: `while${i}`, text: capabilities({}) })
        stored.push(`while${i}`)
      }
      return undefined
    })().catch((error: InventoryError) => error)
    expect(fault).toMatchObject({ name: 'InventoryError', kind: 'unreachable' })
    await expect(inventory.check()).rejects.toMatchObject({ kind: 'unreachable' })
    await expect
      .poll(() => {
        server.control('start')
        return 'started'
      })
      .toBe('started')
    await inventory.check()
    const ids = (await inventory.hosts({ limit: 1000 })).hosts.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(stored))
    await inventory.report({ id: 'after', text: capabilities({}) })
    await expectSound(inventory)
    await inventory.close()
  })

  test('no server, no database, no password: which of them is said', async () => {
    const nowhere = server.url.replace(/host=.*/, 'host=/nonexistent')
    await expect(openInventory({ url: nowhere })).rejects.toMatchObject({ kind: 'unreachable' })
    const none = server.url.replace('/postgres?', '/nosuch?')
    await expect(openInventory({ url: none })).rejects.toThrow(/does not let this program in.*nosuch/)
  })

  test('tables of a newer version are left alone', async () => {
    const url = newDatabase('newer')
    await (await openInventory({ url })).close()
    psql(url, `insert into kysely_migration values ('9999-future', now()::text)`)
    await expect(openInventory({ url })).rejects.toMatchObject({ kind: 'schema' })
    await expect(openInventory({ url })).rejects.toThrow('a newer virt-cpu')
  })

  test.skipIf(!isRoot)('a full disk is an error, not a loss', async () => {
    const small = await startPostgres('160m')
    try {
      await fillDisk(await openInventory({ url: small.url }), small.folder)
      // A server without room for its log ends, and recovers when it is started.
      if (runProcess('psql', [small.url, '-c', 'select 1']).status !== 0) small.control('start')
      const inventory = await openInventory({ url: small.url })
      expect(await expectSound(inventory)).toBeGreaterThanOrEqual(20)
      await inventory.report({ id: 'after', text: capabilities({}) })
      await inventory.close()
    } finally {
      await small.end()
    }
  })

  test('killed amid reports, no acknowledged one is lost and none doubled', async () => {
    await expectNoLoss(newDatabase('reports'))
  })
})

describe('a folder', () => {
  test('killed amid reports, no acknowledged one is lost and none doubled', async () => {
    await expectNoLoss(newFolder())
  })

  test('is kept to one process', async () => {
    const folder = newFolder()
    const inventory = await openInventory({ folder })
    await expect(openInventory({ folder })).rejects.toMatchObject({ kind: 'in-use' })
    await inventory.close()
    await (await openInventory({ folder })).close()
  })

  test.skipIf(!isRoot)('a full disk is an error, not a loss', async () => {
    const folder = newFolder()
    const mounted = runProcess('mount', ['-t', 'tmpfs', '-o', 'size=120m', 'tmpfs', folder])
    expect(mounted.status, mounted.stderr).toBe(0)
    try {
      await fillDisk(await openInventory({ folder }), folder)
      const inventory = await openInventory({ folder })
      expect(await expectSound(inventory)).toBeGreaterThanOrEqual(20)
      await inventory.report({ id: 'after', text: capabilities({}) })
      await inventory.close()
    } finally {
      runProcess('umount', [folder])
    }
  })
})

/** Reports until the disk is full, expects that to be said, and makes room again. Closes the inventory. */
async function fillDisk(inventory: Inventory, folder: string): Promise<void> {
  const text = (i: number) => `${capabilities({ microcode: i })}<!-- ${randomText(200_000)} -->`
  for (let i = 0; i < 20; i++) await inventory.report({ id: `n${i}`, pool: 'p', text: capabilities({}) })
  const filler = join(folder, 'filler')
  mkdirSync(filler)
  const free = Number(runProcess('df', ['-k', '--output=avail', folder]).stdout.split('\n')[1])
  writeFileSync(join(filler, 'filler'), Buffer.alloc((free - 3000) * 1024))
  const fault = await (async () => {
    for (let i = 0; i < 200; i++) await inventory.report({ id: `big${i}`, pool: 'p', text: text(i) })
    return undefined
  })().catch((error: InventoryError) => error)
  expect(fault).toMatchObject({ name: 'InventoryError' })
  expect(['full', 'unreachable', 'failed']).toContain(fault?.kind)
  rmSync(filler, { recursive: true })
  await inventory.close().catch(() => {})
}

/** Nothing packs it. */
const randomText = (length: number): string =>
  Array.from({ length: length / 8 }, () => Math.random().toString(36).slice(2, 10)).join('')

/** A program that reports; killed three times, it goes on where it was. */
async function expectNoLoss(place: string): Promise<void> {
  const total = isLong ? 10_000 : 300
  const acknowledged = new Set<string>()
  let done = false
  for (let round = 1; !done; round++) {
    const child = reporter(place, 0, total)
    const goal = (total / 4) * round
    for await (const line of createInterface(child.stdout ?? process.stdin)) {
      if (/^n/.test(line)) acknowledged.add(line)
      done ||= line === 'done'
      if (round < 4 && acknowledged.size >= goal) child.kill('SIGKILL')
      if (round < 4 && line === `n${Math.ceil(goal)}`) child.kill('SIGKILL')
    }
    expect(round).toBeLessThan(6)
  }
  await pause(100)
  const inventory = await openInventory(place.includes('://') ? { url: place } : { folder: place })
  expect(acknowledged.size).toBe(total)
  expect(await expectSound(inventory)).toBe(total)
  for (const id of acknowledged) {
    const host = await inventory.host(id)
    expect(host?.history.filter(({ until }) => until === undefined)).toHaveLength(1)
    expect(host?.history).toHaveLength(1)
  }
  await inventory.close()
}

function reporter(place: string, first: number, count: number): ChildProcess {
  const script = ['scripts/run-ts.mjs', 'test/e2e/reporter.ts', place, String(first), String(count)]
  return spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] })
}
