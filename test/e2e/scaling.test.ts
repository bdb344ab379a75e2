import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openInventory } from '../../src/inventory/open.ts'
import { killServers, startServer } from '../cli/served.ts'
import { runProcess } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { inventoryContract } from '../inventory/contract.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed } from '../needs.ts'
import { accessOfTest } from './access.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

/** What docs/operations.md says of large inventories, as it says it. */

const reason = needed('PostgreSQL', whyNoPostgres())

afterEach(killServers)

const SCRIPT = join(import.meta.dirname, '..', '..', 'deploy', 'postgres', 'partition-history.sql')

describe.skipIf(reason)(`PostgreSQL${reason ? `: ${reason}` : ''}`, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.end())

  const psql = (url: string, ...args: string[]): string => {
    const { status, stdout, stderr } = runProcess('psql', ['-At', ...args, url])
    expect(status, stderr).toBe(0)
    return stdout.trim()
  }
  const newDatabase = (name: string): string => {
    psql(server.url, '-c', `create database ${name}`)
    return server.url.replace('/postgres?', `/${name}?`)
  }
  const partition = (url: string) => psql(url, '-1', '-v', 'ON_ERROR_STOP=1', '-f', SCRIPT)

  describe.skipIf(!isLong)('a history in parts', () => {
    inventoryContract(async () => {
      const url = newDatabase('contract')
      await (await openInventory({ url })).close()
      partition(url)
      return openInventory({ url })
    }, 50)
  })

  test('a history is parted as it was, and goes on', async () => {
    const url = newDatabase('parted')
    const before = await openInventory({ url })
    const report = (inventory: typeof before, microcode: number) =>
      inventory.reportAll(
        Array.from({ length: 50 }, (_, i) => ({ id: `n${i}`, pool: 'p', text: capabilities({ microcode }) })),
      )
    for (const microcode of [1, 2]) await report(before, microcode)
    const [host, changes] = [await before.host('n7'), await before.changes({ from: new Date(0) })]
    await before.close()
    partition(url)
    expect(psql(url, '-c', 'select count(distinct tableoid) from history')).toBe('8')
    const after = await openInventory({ url })
    expect(await after.host('n7')).toEqual(host)
    expect(await after.changes({ from: new Date(0) })).toEqual(changes)
    await report(after, 3)
    expect((await after.host('n7'))?.history.map(({ facts }) => facts.microcode)).toEqual([3, 2, 1])
    expect(await after.recompute()).toBe(0)
    await after.close()
  })

  test('a replica answers what the first one does, takes no change, and takes over', async () => {
    const url = newDatabase('replicated')
    const { env, headers } = accessOfTest()
    const first = await startServer(['--store', url], 30_000, env)
    const ask = async (to: string, path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${to}${path}`, { headers, ...init })
      return { status: answer.status, text: await answer.text() }
    }
    const isReady = (to: string) =>
      expect.poll(async () => (await ask(to, 'readyz')).status, { timeout: 30_000 }).toBe(200)
    const put = (to: string, id: string) =>
      ask(to, `v1/hosts/${id}?pool=p`, { method: 'PUT', body: capabilities({ uuid: id }) })
    await isReady(first.url)
    expect((await put(first.url, 'n1')).status).toBe(201)
    const token = await ask(first.url, 'v1/tokens', {
      method: 'POST',
      body: '{"name": "me", "roles": ["plan", "report"]}',
    })
    const stored = { headers: { authorization: `Bearer ${JSON.parse(token.text).token}` } }

    const replica = await startReplica(server, url)
    try {
      const second = await startServer(['--store', replica.url], 30_000, env)
      await isReady(second.url)
      const same = async (path: string) =>
        expect.poll(() => ask(second.url, path)).toEqual(await ask(first.url, path))
      for (const path of ['v1/hosts', 'v1/pools/p', 'v1/hosts/n1', 'v1/changes?from=2026-01-01'])
        await same(path)
      const question = { method: 'POST', body: '{"fleet": "inventory:p"}' }
      await expect
        .poll(() => ask(second.url, 'v1/level', question))
        .toEqual(await ask(first.url, 'v1/level', question))
      // Stored tokens count there; that they were used cannot be noted.
      expect((await ask(second.url, 'v1/hosts', stored)).status).toBe(200)
      const refused = await put(second.url, 'n2')
      expect([refused.status, JSON.parse(refused.text).error]).toEqual([
        403,
        { kind: 'forbidden', message: expect.stringContaining('takes no changes') },
      ])
      expect((await ask(second.url, 'v1/hosts/n1', { method: 'DELETE' })).status).toBe(403)
      expect((await put(first.url, 'n2')).status).toBe(201)
      await same('v1/hosts')
      expect(second.said()).not.toMatch(/a fault in virt-cpu/)

      first.child.kill('SIGTERM')
      server.control('-m', 'immediate', 'stop')
      replica.control('promote')
      await expect.poll(async () => (await put(second.url, 'n3')).status).toBe(201)
      const { hosts } = JSON.parse((await ask(second.url, 'v1/hosts')).text)
      expect(hosts.map(({ id }: { id: string }) => id)).toEqual(['n1', 'n2', 'n3'])
    } finally {
      killServers()
      await replica.end()
      server.control('start')
    }
  })
})

/** A replica of a database by streaming, as a base backup of its server makes it. */
async function startReplica(of: Postgres, url: string) {
  const bin = readdirSync('/usr/lib/postgresql')
    .map(version => `/usr/lib/postgresql/${version}/bin`)
    .filter(path => existsSync(join(path, 'pg_basebackup')))
    .sort()
    .at(-1)
  const folder = join(of.folder, 'replica')
  mkdirSync(folder, { mode: 0o700 })
  const { uid, gid } = statSync(join(of.folder, 'data'))
  runProcess('chown', [`${uid}:${gid}`, folder])
  const as =
    process.getuid?.() === 0 ? ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'] : []
  const run = (...command: string[]) => {
    const [program = '', ...args] = [...as, ...command]
    const { status, stdout, stderr } = runProcess(program, args, { cwd: of.folder })
    if (status !== 0) throw new Error(stdout + stderr)
  }
  const data = join(folder, 'data')
  const backup = ['--pgdata', data, '--write-recovery-conf', '--wal-method=stream', '--checkpoint=fast']
  run(`${bin}/pg_basebackup`, `--dbname=${url}`, ...backup)
  const [program = '', ...args] = [
    ...as,
    `${bin}/postgres`,
    '-D',
    data,
    '-k',
    folder,
    '-c',
    'listen_addresses=',
  ]
  const child: ChildProcess = spawn(program, args, { cwd: of.folder, stdio: 'ignore' })
  const own = url.replace(of.folder, folder)
  await expect.poll(() => runProcess('psql', [own, '-c', 'select 1']).status).toBe(0)
  return {
    url: own,
    control: (what: string) => run(`${bin}/pg_ctl`, '-D', data, what),
    async end() {
      const ended = once(child, 'exit')
      child.kill('SIGINT')
      await ended
    },
  }
}
