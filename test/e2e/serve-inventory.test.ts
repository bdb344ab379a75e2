import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openInventory } from '../../src/inventory/open.ts'
import { killServers, type Served, startServer } from '../cli/served.ts'
import { CLI, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { inventoryRoutes } from '../http/inventory-contract.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed, notInstalled } from '../needs.ts'
import { accessOfTest } from './access.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

/** The command `serve` with an inventory, as it is built. */

afterEach(killServers)

const folder = () => mkdtempSync(join(tmpdir(), 'inventory-'))

/** Starts a server, and waits until its inventory is open. */
async function serve(store: string, env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const served = await startServer(['--store', store], 30_000, env)
  const url = served.url.replace(/\/$/, '')
  const isReady = async () => (await fetch(`${url}/readyz`)).status
  await expect.poll(isReady, { timeout: 60_000, interval: 50 }).toBe(200)
  return { ...served, url }
}

async function stop({ child }: Served): Promise<{ status: unknown; ms: number }> {
  const started = performance.now()
  child.kill('SIGTERM')
  const [status] = await once(child, 'exit')
  return { status, ms: performance.now() - started }
}

const put = (url: string, id: string, body: string, query = '') =>
  fetch(`${url}/v1/hosts/${id}${query}`, { method: 'PUT', body })

const idsIn = async (url: string): Promise<string[]> => {
  const lines = (await (await fetch(`${url}/v1/hosts?format=ndjson`)).text()).trim().split('\n')
  return lines.map(line => JSON.parse(line).id)
}

const postgres = needed('PostgreSQL', whyNoPostgres())

describe.skipIf(postgres)(`PostgreSQL${postgres ? `: ${postgres}` : ''}`, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server?.end())
  const newDatabase = (name: string): string => {
    const { status, stderr } = runProcess('psql', [server.url, '-c', `create database ${name}`])
    expect(status, stderr).toBe(0)
    return server.url.replace('/postgres?', `/${name}?`)
  }

  inventoryRoutes(() => openInventory({ url: newDatabase('routes') }))

  test('two servers on one database have the same hosts, tokens and decisions', async () => {
    const url = newDatabase('two')
    const [a, b] = await Promise.all([serve(url), serve(url)])
    expect((await put(a.url, 'n1', capabilities({}), '?pool=p')).status).toBe(201)
    expect((await put(b.url, 'n1', capabilities({}))).status).toBe(200)
    const pinned = { cpu: '<cpu><model>Haswell</model></cpu>', why: 'two' }
    await fetch(`${b.url}/v1/pools/p/pinned`, { method: 'PUT', body: JSON.stringify(pinned) })
    const of = async ({ url: one }: Served) => (await fetch(`${one}/v1/pools/p`)).json()
    expect(await of(a)).toEqual(await of(b))
    expect(await of(a)).toMatchObject({ hosts: 1, pinned })
    expect((await fetch(`${a.url}/v1/hosts/n1`, { method: 'DELETE' })).status).toBe(200)
    expect((await fetch(`${b.url}/v1/hosts/n1`)).status).toBe(404)
    const heard = async (answer: Response) => {
      let said = ''
      for await (const part of answer.body ?? []) {
        said += new TextDecoder().decode(part)
        if (said.includes('"host":"n2"')) break
      }
      return said
    }
    const listening = await fetch(`${b.url}/v1/events`)
    const said = heard(listening)
    await put(a.url, 'n2', capabilities({}), '?pool=p')
    expect(await said).toContain('"host":"n2"')
    // Who listens keeps no server.
    const streams = await Promise.all(Array.from({ length: 5 }, () => fetch(`${a.url}/v1/events`)))
    const ended = Promise.all(streams.map(one => one.text()))
    const { status, ms } = await stop(a)
    expect(status).toBe(0)
    expect(ms).toBeLessThan(8_000)
    await ended
    expect((await stop(b)).status).toBe(0)
  })

  test('tokens that one server makes count on the others, and those that it revokes do not', async () => {
    const url = newDatabase('tokens')
    const { env, headers } = accessOfTest()
    const [open, closed] = await Promise.all([serve(url), serve(url, env)])
    const status = async (path: string, token?: string) =>
      (await fetch(open.url + path, token ? { headers: { authorization: `Bearer ${token}` } } : {})).status
    expect(await status('/v1/hosts')).toBe(200)
    const body = '{"name": "me", "roles": ["read"]}'
    const answer = await fetch(`${closed.url}/v1/tokens`, { method: 'POST', headers, body })
    const { token, id } = (await answer.json()) as { token: string; id: string }
    await expect.poll(() => status('/v1/hosts'), { timeout: 3_000 }).toBe(401)
    expect([await status('/v1/hosts', token), await status('/v1/tokens', token)]).toEqual([200, 403])
    expect((await fetch(`${closed.url}/v1/tokens/${id}`, { method: 'DELETE', headers })).status).toBe(200)
    expect(await status('/v1/hosts', token)).toBe(401)
    // One that had a token stays closed.
    expect(await status('/v1/hosts')).toBe(401)
  })

  test('a database that goes away makes 503, not a fault, and comes back', async () => {
    const own = await startPostgres()
    try {
      const served = await serve(own.url)
      expect((await put(served.url, 'n1', capabilities({}))).status).toBe(201)
      own.control('-m', 'immediate', 'stop')
      const answer = await put(served.url, 'n2', capabilities({}))
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('5')
      const said = await answer.text()
      expect(said).toContain('the inventory cannot be reached')
      expect(said).not.toContain(own.folder)
      const ready = await fetch(`${served.url}/readyz`)
      expect([ready.status, await ready.text()]).toEqual([503, '{"status":"unreachable"}'])
      expect((await fetch(`${served.url}/healthz`)).status).toBe(200)
      own.control('start')
      await expect.poll(async () => (await put(served.url, 'n2', capabilities({}))).status).toBe(201)
      expect(await idsIn(served.url)).toEqual(['n1', 'n2'])
    } finally {
      await own.end()
    }
  }, 60_000)
})

test('killed amid reports, a server loses none that it acknowledged', async () => {
  const store = folder()
  const total = isLong ? 3000 : 200
  const left = Array.from({ length: total }, (_, i) => `n${i}`)
  const acknowledged = new Set<string>()
  for (let round = 1; left.length > 0; round++) {
    const served = await serve(store)
    const goal = Math.min(total, (total / 3) * round)
    const work = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        const answer = await put(served.url, id, capabilities({ uuid: id }), '?pool=p').catch(() => undefined)
        if (answer?.ok) acknowledged.add(id)
        else left.push(id)
        if (round < 3 && acknowledged.size >= goal) served.child.kill('SIGKILL')
        if (served.child.killed) return
      }
    }
    const ended = once(served.child, 'exit')
    await Promise.all(Array.from({ length: 20 }, work))
    if (round < 3) await ended
    else served.child.kill('SIGKILL')
    expect(round).toBeLessThan(5)
  }
  expect(acknowledged.size).toBe(total)
  const served = await serve(store)
  expect((await idsIn(served.url)).sort()).toEqual([...acknowledged].sort())
  const { pools } = (await (await fetch(`${served.url}/v1/pools`)).json()) as { pools: unknown }
  expect(pools).toMatchObject([{ pool: 'p', hosts: total, cpus: 1 }])
}, 120_000)

test('what can never be opened ends the server, and says why; no password is shown', async () => {
  const url = 'postgres://me:secret@127.0.0.1:1/x?sslpassword=other'
  for (const env of [{ VIRT_CPU_SERVE_STORE: url }, { DATABASE_URL: url }]) {
    const { stdout, status } = virtCpu(['serve', '--check-config'], { env: { ...process.env, ...env } })
    expect(status).toBe(0)
    expect(stdout).toContain(
      `store: "postgres://me:***@127.0.0.1:1/x?sslpassword=***" # ${Object.keys(env)[0]}\n`,
    )
    expect(stdout).not.toMatch(/secret|other/)
  }
  expect(virtCpu(['serve', '--check-config', '--store', 'mysql://x/y']).status).toBe(2)
  expect(virtCpu(['serve', '--check-config', '--store', 'x', '--name', 'a.example'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('with --store give the server --token'),
  })
})

describe('a folder that is of no use is said to be, and why', () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  const locked = folder()
  chmodSync(locked, 0o555)
  // Others must come as far as to these.
  chmodSync(dirname(locked), 0o755)
  chmodSync(dirname(file), 0o755)
  const isRoot = process.getuid?.() === 0
  // Root may write everywhere.
  const asNobody = (args: readonly string[]) =>
    isRoot ? ['setpriv', '--reuid', '65534', '--clear-groups', ...args] : args
  test.each([
    ['a file', file, /kept in \S+file: there is a file in its place$/],
    ['below a file', join(file, 'x'), /kept in \S+x: there is a file in its place$/],
    ['no place for files', '/proc/nowhere', /kept in \/proc\/nowhere: nothing can be made there$/],
    ['too long', join(locked, 'x'.repeat(300)), /: its name is too long$/],
    ['one of another user', locked, /kept in \S+: this user may not write there$/],
    ['below one of another user', join(locked, 'x'), /kept in \S+: this user may not write there$/],
  ])('%s', (_, store, said) => {
    const [program = '', ...args] = asNobody([
      ...[process.execPath, CLI, 'serve', '--port', '0'],
      ...['--store', store],
    ])
    const { status, stderr } = runProcess(program, args)
    expect([status, stderr.trim()]).toEqual([2, expect.stringMatching(said)])
    expect(stderr).toMatch(/^error: the inventory cannot be kept in /)
  })
})

const missing = needed('what agents are run with', notInstalled('dash', 'curl'))
describe.skipIf(missing)(`hosts that report themselves (${missing ?? 'installed'})`, () => {
  test('by the agent and by collect: new, then known, and both are one host', async () => {
    const access = accessOfTest()
    const token = access.headers.authorization?.replace('Bearer ', '') ?? ''
    const served = await serve(folder(), access.env)
    const file = join(folder(), 'token')
    writeFileSync(file, `${token}\n`, { mode: 0o600 })
    const run = async (program: string, args: readonly string[], env: object) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      })
      const [out, err, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      expect([status, err]).toEqual([0, ''])
      return out
    }
    const agent = () =>
      run('dash', [join(import.meta.dirname, '../../deploy/agent/virt-cpu-agent.sh')], {
        VIRT_CPU_URL: served.url,
        VIRT_CPU_TOKEN_FILE: file,
        VIRT_CPU_POOL: 'a pool/ü',
        VIRT_CPU_ID: 'agent-1',
        VIRT_CPU_NAME: 'n1',
      })
    expect(await agent()).toContain('has the report of n1 (201)')
    expect(await agent()).toContain('has the report of n1 (304)')
    const collect = () =>
      run(process.execPath, [CLI, 'collect', '--report', served.url, '--token-file', file], {})
    expect(await collect()).toMatch(/new/)
    await collect()
    const said = await fetch(`${served.url}/v1/hosts?pool=${encodeURIComponent('a pool/ü')}`, access)
    expect(await said.json()).toMatchObject({ hosts: [{ id: 'agent-1', name: 'n1', reporter: 'test' }] })
    const all = (await (await fetch(`${served.url}/v1/hosts`, access)).json()) as { hosts: unknown[] }
    expect(all.hosts).toHaveLength(2)
  }, 60_000)
})
