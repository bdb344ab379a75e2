import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import type { HostWithHistory, Inventory } from '../../src/inventory/inventory.ts'
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
async function serve(
  store: string,
  env: NodeJS.ProcessEnv = {},
  options: readonly string[] = [],
): Promise<Served> {
  const served = await startServer(['--store', store, ...options], 30_000, env)
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

function destroyAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
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

  test('killed amid reports, a server loses none that it acknowledged', () =>
    expectNoneLost(newDatabase('killed')))

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

  /** The processes of a PostgreSQL. */
  const processesOf = ({ folder: where }: Postgres): number[] => {
    const pid = Number(readFileSync(join(where, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return [pid, ...children.map(Number)]
  }

  /** What is under way when a server is told to stop; returns what undoes it. */
  const UNDER_WAY: Readonly<Record<string, (served: Served, own: Postgres) => Promise<() => void>>> = {
    async 'listeners that never read'({ url }) {
      const { hostname, port } = new URL(url)
      const sockets = Array.from({ length: 20 }, () => connect(Number(port), hostname).on('error', () => {}))
      for (const socket of sockets) socket.pause().write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
      return () => destroyAll(sockets)
    },
    async 'reports that drip'({ url }) {
      const { hostname, port } = new URL(url)
      const sockets = Array.from({ length: 20 }, (_, i) => {
        const socket = connect(Number(port), hostname).on('error', () => {})
        socket.write(`PUT /v1/hosts/n${i} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n`)
        return socket
      })
      const drip = setInterval(() => {
        for (const socket of sockets) socket.write(' ')
      }, 500)
      return () => {
        clearInterval(drip)
        destroyAll(sockets)
      }
    },
    async 'jobs and questions'({ url }) {
      const documents = [...hostDocuments(2000)].map((said, i) => ({ path: `host-${i}.xml`, text: said }))
      const ask = (headers: Record<string, string>) =>
        fetch(`${url}/v1/migrate`, { method: 'POST', headers, body: JSON.stringify({ documents }) })
      const jobs = await Promise.all([0, 1, 2].map(() => ask({ prefer: 'respond-async' })))
      expect(jobs.map(({ status }) => status)).toEqual([202, 202, 202])
      const cut = ask({}).catch(() => 'cut')
      return () => void cut
    },
    async 'a database that hangs'({ url }, own) {
      const stopped = processesOf(own)
      for (const pid of stopped) process.kill(pid, 'SIGSTOP')
      const cut = Array.from({ length: 20 }, (_, i) => put(url, `n${i}`, capabilities({})).catch(() => 'cut'))
      return () => {
        for (const pid of stopped) process.kill(pid, 'SIGCONT')
        void cut
      }
    },
    async 'a database that is gone'({ url }, own) {
      own.control('-m', 'immediate', 'stop')
      const cut = Array.from({ length: 20 }, (_, i) => put(url, `n${i}`, capabilities({})).catch(() => 'cut'))
      return () => {
        own.control('start')
        void cut
      }
    },
  }
  test.each(Object.keys(UNDER_WAY))('a server stops within ten seconds: %s', async what => {
    const own = await startPostgres()
    try {
      const served = await serve(own.url)
      const undo = await UNDER_WAY[what]?.(served, own)
      await pause(1000)
      const { status, ms } = await stop(served)
      undo?.()
      expect(status).toBe(0)
      expect(ms).toBeLessThan(10_000)
    } finally {
      await own.end()
    }
  })

  test('an answer about the inventory that takes long goes on as a job', async () => {
    const served = await serve(newDatabase('jobs'), {}, ['--wait', '0.001'])
    for (const id of ['n1', 'n2']) await put(served.url, id, capabilities({}), '?pool=p')
    const ask = (prefer: string) =>
      fetch(`${served.url}/v1/hosts`, {
        method: 'POST',
        headers: { prefer },
        body: JSON.stringify({ fleet: 'inventory:p' }),
      })
    const answer = await ask('wait=60')
    expect(answer.status).toBe(200)
    const whole = await answer.json()
    expect(whole).toMatchObject({ hosts: [{ host: 'n1' }, { host: 'n2' }] })
    const job = await ask('')
    expect([job.status, job.headers.get('retry-after')]).toEqual([202, '2'])
    const place = `${served.url}${job.headers.get('location')}`
    const told = async () => (await fetch(place)).json()
    expect(['running', 'done']).toContain(((await told()) as { state: string }).state)
    await expect.poll(told, { timeout: 30_000 }).toMatchObject({ state: 'done', status: 200 })
    expect(await (await fetch(`${place}/result`)).json()).toEqual(whole)
    expect((await fetch(place, { method: 'DELETE' })).status).toBe(200)
    expect((await fetch(`${place}/result`)).status).toBe(404)
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

/**
 * Sends reports on many connections to a server that is killed twice meanwhile, and each that was not acknowledged again.
 * Every host is stored then, once, and was never another.
 */
async function expectNoneLost(store: string): Promise<void> {
  const [total, connections] = isLong ? [10_000, 500] : [400, 50]
  const ids = Array.from({ length: total }, (_, i) => `n${i}`)
  const left = [...ids]
  const acknowledged = new Set<string>()
  for (let round = 1; left.length > 0; round++) {
    expect(round).toBeLessThan(5)
    const served = await serve(store)
    const ended = once(served.child, 'exit')
    const goal = (total / 3) * round
    const work = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        const answer = await put(served.url, id, capabilities({ uuid: id }), '?pool=p').catch(() => undefined)
        if (answer?.ok) acknowledged.add(id)
        else left.push(id)
        if (round < 3 && acknowledged.size >= goal) served.child.kill('SIGKILL')
        if (served.child.killed) return
      }
    }
    await Promise.all(Array.from({ length: connections }, work))
    served.child.kill('SIGKILL')
    await ended
  }
  const inventory = await openInventory(store.includes('://') ? { url: store } : { folder: store })
  const found: string[] = []
  for await (const { id, history } of everyHost(inventory)) {
    found.push(id)
    expect(history, id).toHaveLength(1)
  }
  expect(found.sort()).toEqual(ids.sort())
  expect(await inventory.pools()).toMatchObject([{ pool: 'p', hosts: total, cpus: 1 }])
  await inventory.close()
}

async function* everyHost(inventory: Inventory): AsyncGenerator<HostWithHistory> {
  for (let after: string | undefined; ; ) {
    const page = await inventory.hosts({ limit: 1000, after })
    for (const { id } of page.hosts) {
      const host = await inventory.host(id)
      if (host) yield host
    }
    after = page.next
    if (after === undefined) return
  }
}

test('killed amid reports, a server of a folder loses none that it acknowledged', () =>
  expectNoneLost(folder()))

test('what can never be opened ends the server, and says why; no password is shown', async () => {
  const url = 'postgres://me:hush@127.0.0.1:1/x?sslpassword=quiet'
  for (const env of [{ VIRT_CPU_SERVE_STORE: url }, { DATABASE_URL: url }]) {
    const { stdout, status } = virtCpu(['serve', '--check-config'], { env: { ...process.env, ...env } })
    expect(status).toBe(0)
    expect(stdout).toContain(
      `store: "postgres://me:***@127.0.0.1:1/x?sslpassword=***" # ${Object.keys(env)[0]}\n`,
    )
    expect(stdout).not.toMatch(/hush|quiet/)
  }
  expect(virtCpu(['serve', '--check-config', '--store', 'mysql://x/y']).status).toBe(2)
  expect(virtCpu(['serve', '--check-config', '--store', 'x', '--name', 'a.example'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('with --store or --sync give the server --token'),
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
    const tried = async (program: string, args: readonly string[], env: object) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      })
      const [out, err, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      return { out, err, status }
    }
    const run = async (...given: Parameters<typeof tried>) => {
      const { out, err, status } = await tried(...given)
      expect([status, err]).toEqual([0, ''])
      return out
    }
    const script = [join(import.meta.dirname, '../../deploy/agent/virt-cpu-agent.sh')]
    const settings = (name: string, id: string) => ({
      VIRT_CPU_URL: served.url,
      VIRT_CPU_TOKEN_FILE: file,
      VIRT_CPU_POOL: 'a pool/ü',
      VIRT_CPU_ID: id,
      VIRT_CPU_NAME: name,
    })
    const agent = () => run('dash', script, settings('n1', 'agent-1'))
    expect(await agent()).toContain('has the report of n1 (201)')
    expect(await agent()).toContain('has the report of n1 (304)')
    const collect = () =>
      run(process.execPath, [CLI, 'collect', '--report', served.url, '--token-file', file], {})
    expect(await collect()).toMatch(/new/)
    await collect()
    const found = await fetch(`${served.url}/v1/hosts?pool=${encodeURIComponent('a pool/ü')}`, access)
    expect(await found.json()).toMatchObject({ hosts: [{ id: 'agent-1', name: 'n1', reporter: 'test' }] })
    const all = (await (await fetch(`${served.url}/v1/hosts`, access)).json()) as { hosts: { id: string }[] }
    expect(all.hosts).toHaveLength(2)
    // A copy of the machine that collect ran on: the first is told when it reports again, and what to do.
    const [collected] = all.hosts.filter(({ id }) => id !== 'agent-1')
    expect(await run('dash', script, settings('copy', collected?.id ?? ''))).toContain('(200)')
    const said = /two machines report as host \w+: .*, and since then copy\. .*VIRT_CPU_ID/
    const args = [CLI, 'collect', '--report', served.url, '--token-file', file]
    const again = await tried(process.execPath, args, {})
    expect(again.status).toBe(1)
    expect((again.out + again.err).replace(/\s+/g, ' ')).toMatch(said)
    await run('dash', script, settings('n2', 'agent-1'))
    const refused = await tried('dash', script, settings('n1', 'agent-1'))
    expect(refused.status).toBe(1)
    expect(refused.err).toMatch(
      /refuses the report: 409 two machines report as host agent-1: n1, and since then n2/,
    )
  }, 60_000)
})
