import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { killServers, startServer } from '../cli/served.ts'
import { runProcess } from '../cli/virt-cpu.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed, notInstalled } from '../needs.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

/** `serve --sync` as it is built, with real folders and repositories. */

afterEach(killServers)

const newFolder = () => mkdtempSync(join(tmpdir(), 'sync-'))

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

async function ask<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(url + path, body && { method: 'POST', body: JSON.stringify(body) })
  expect(response.status, path).toBe(200)
  return (await response.json()) as T
}

interface Host {
  readonly reporter: string
  readonly history: readonly { readonly pool: string; readonly facts: { readonly microcode: number } }[]
}

interface Source {
  readonly looked: string
  readonly commit: string | null
  readonly error: string | null
  readonly server: string
  readonly faults: readonly { readonly file: string }[]
}

interface Refusal {
  readonly error: { readonly message: string }
}

interface AuditEntry {
  readonly action: string
  readonly detail: { readonly subject: string }
}

const hostOf = (url: string, id: string) => ask<Host>(url, `/v1/hosts/${id}`)

const idsOf = async (url: string): Promise<string[]> =>
  (await ask<{ hosts: { id: string }[] }>(url, '/v1/hosts')).hosts.map(({ id }) => id)

const sourceOf = async (url: string): Promise<Source | undefined> =>
  (await ask<{ sources: Source[] }>(url, '/v1/sync')).sources[0]

async function serve(files: string, ...more: string[]): Promise<string> {
  const { url } = await startServer(['--sync', files, '--sync-every', '1', ...more], 30_000, {
    XDG_CACHE_HOME: newFolder(),
  })
  const root = url.replace(/\/$/, '')
  await expect
    .poll(() => sourceOf(root).then(source => source?.looked ?? ''), { timeout: 60_000 })
    .toMatch(/^2/)
  return root
}

describe('a folder', () => {
  test('is followed, and hosts of broken files stay', async () => {
    const folder = newFolder()
    write(folder, 'blue/n1.xml', capabilities({ features: ['pku'] }))
    write(folder, 'red/n2.xml', capabilities({}))
    write(folder, 'red/n3.xml', capabilities({}))
    const url = await serve(folder)
    await expect.poll(() => idsOf(url)).toEqual(['n1', 'n2', 'n3'])
    rmSync(join(folder, 'red/n3.xml'))
    renameSync(join(folder, 'blue/n1.xml'), join(folder, 'red/n1.xml'))
    writeFileSync(join(folder, 'red/n2.xml'), '<capabilities><host>')
    await expect.poll(() => idsOf(url)).toEqual(['n1', 'n2'])
    expect((await hostOf(url, 'n1')).history.map(({ pool }) => pool)).toEqual(['red', 'blue'])
    await expect.poll(async () => (await sourceOf(url))?.faults).toMatchObject([{ file: 'red/n2.xml' }])
    expect((await hostOf(url, 'n2')).history).toHaveLength(1)
    const { hosts } = await ask<{ hosts: { host: string }[] }>(url, '/v1/hosts', { fleet: 'inventory:red' })
    expect(hosts.map(({ host }) => host)).toEqual(['n1', 'n2'])
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('virt_cpu_sync_faults{')
  })

  test('that is empty or gone all at once ends no hosts', async () => {
    const folder = join(newFolder(), 'mounted')
    write(folder, 'n1.xml', capabilities({}))
    const url = await serve(folder)
    await expect.poll(() => idsOf(url)).toEqual(['n1'])
    renameSync(folder, `${folder}-away`)
    await expect.poll(async () => (await sourceOf(url))?.error).toMatch(/No such file or directory/)
    mkdirSync(folder)
    await expect
      .poll(async () => (await sourceOf(url))?.error)
      .toBe('no file of a host is left there: its 1 hosts stay')
    expect(await idsOf(url)).toEqual(['n1'])
  })

  test('is where its hosts are changed, and nowhere else', async () => {
    const folder = newFolder()
    write(folder, 'n1.xml', capabilities({}))
    const url = await serve(folder)
    await expect.poll(() => idsOf(url)).toEqual(['n1'])
    const body = capabilities({ microcode: 5 })
    for (const method of ['PUT', 'DELETE']) {
      const response = await fetch(`${url}/v1/hosts/n1`, { method, ...(method === 'PUT' && { body }) })
      expect(response.status).toBe(409)
      expect(((await response.json()) as Refusal).error.message).toBe(
        `'n1' comes from n1.xml of ${folder}: change it there`,
      )
    }
    const lines = ['n1', 'other'].map(id => JSON.stringify({ id, text: body })).join('\n')
    const answers = await (await fetch(`${url}/v1/reports`, { method: 'POST', body: lines })).text()
    expect(
      answers
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).error?.kind ?? 'stored'),
    ).toEqual(['conflict', 'stored'])
    expect(await idsOf(url)).toEqual(['n1', 'other'])
  })
})

const git = needed('git', notInstalled('git'))

describe.skipIf(git)(`a repository${git ? `: ${git}` : ''}`, () => {
  let work: string
  let bare: string
  const run = (...args: string[]): string => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_COMMITTER_DATE: '2026-03-01T00:00:00Z' }
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', '-c', 'init.defaultBranch=main']
    const { status, stdout, stderr } = spawnSync('git', [...who, ...args], {
      cwd: work,
      env,
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    return stdout.trim()
  }
  const commit = (subject: string, ...how: string[]): string => {
    run('add', '-A')
    run('commit', '-q', '-m', subject, ...how)
    run('push', '-q', '-f', 'origin', 'HEAD:main')
    return run('rev-parse', 'HEAD')
  }
  beforeEach(() => {
    work = newFolder()
    bare = join(newFolder(), 'fleet.git')
    run('init', '-q')
    run('init', '-q', '--bare', bare)
    run('remote', 'add', 'origin', bare)
  })

  test('is followed commit by commit, with who changed what', async () => {
    write(work, 'hosts/blue/n1.xml', capabilities({ microcode: 1 }))
    write(work, 'hosts/blue/n2.xml', capabilities({ microcode: 1 }))
    write(work, 'elsewhere.xml', capabilities({ microcode: 1 }))
    commit('add hosts')
    const url = await serve(`git+file://${bare}#main:hosts`)
    await expect.poll(() => idsOf(url)).toEqual(['n1', 'n2'])
    write(work, 'hosts/blue/n1.xml', capabilities({ microcode: 2 }))
    const first = commit('update n1', '--author', 'Bob <bob@example.org>')
    write(work, 'hosts/blue/n1.xml', capabilities({ microcode: 3 }))
    rmSync(join(work, 'hosts/blue/n2.xml'))
    const second = commit('take n2 out')
    await expect.poll(async () => (await sourceOf(url))?.commit).toBe(second)
    expect(await idsOf(url)).toEqual(['n1'])
    const { history, reporter } = await hostOf(url, 'n1')
    expect(history.map(one => one.facts.microcode)).toContain(3)
    expect(reporter).toBe(`Ann <ann@example.org> (${second.slice(0, 12)})`)
    const { entries } = await ask<{ entries: AuditEntry[] }>(url, '/v1/audit-log')
    const changes = entries.filter(({ action }) => action === 'sync')
    expect(changes.map(({ detail }) => detail.subject)).toContain('take n2 out')
    expect(changes[0]).toMatchObject({
      who: 'Ann <ann@example.org>',
      detail: { commit: second, changed: { hosts: ['n1'] }, removed: { hosts: ['n2'] } },
    })
    expect(first).not.toBe(second)
  })

  test('may be written anew; where its branch is gone, that is said and hosts stay', async () => {
    write(work, 'n1.xml', capabilities({}))
    const first = commit('one host')
    write(work, 'n2.xml', capabilities({}))
    commit('two hosts')
    const url = await serve(`git+file://${bare}#main`)
    await expect.poll(() => idsOf(url)).toEqual(['n1', 'n2'])
    run('reset', '-q', '--hard', first)
    write(work, 'n3.xml', capabilities({}))
    const other = commit('another second host')
    await expect.poll(async () => (await sourceOf(url))?.commit).toBe(other)
    expect(await idsOf(url)).toEqual(['n1', 'n3'])
    run('--git-dir', bare, 'update-ref', '-d', 'refs/heads/main')
    await expect
      .poll(async () => (await sourceOf(url))?.error)
      .toMatch(/couldn't find remote ref refs\/heads\/main/)
    expect(await idsOf(url)).toEqual(['n1', 'n3'])
  })

  test('runs nothing, and its password is shown nowhere', async () => {
    const file = join(newFolder(), 'ran')
    write(bare, 'hooks/post-checkout', `#!/bin/sh\ntouch ${file}\n`)
    write(work, '.gitattributes', '* filter=run\n')
    write(work, 'n1.xml', capabilities({}))
    commit('a host')
    const url = await serve(`git+file://${bare}`)
    await expect.poll(() => idsOf(url)).toEqual(['n1'])
    expect(() => readFileSync(file)).toThrow()
    const { said, url: other } = await startServer(
      ['--sync', 'git+http://me:secret@127.0.0.1:9/fleet.git', '--sync-every', '1', '--log', 'json'],
      30_000,
      { XDG_CACHE_HOME: newFolder() },
    )
    await expect.poll(said).toMatch(/sync: git\+http:\/\/127\.0\.0\.1:9\/fleet\.git: /)
    const state = await (await fetch(`${other}v1/sync`)).text()
    expect(said() + state).not.toContain('secret')
  })
})

const postgres = needed('PostgreSQL', whyNoPostgres())

describe.skipIf(postgres)(`two servers on one database${postgres ? `: ${postgres}` : ''}`, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.end())

  test('store each change once, and the other goes on where one ends', async () => {
    expect(runProcess('psql', [server.url, '-c', 'create database synced']).status).toBe(0)
    const store = server.url.replace('/postgres?', '/synced?')
    const folder = newFolder()
    write(folder, 'n1.xml', capabilities({ microcode: 1 }))
    const env = { XDG_CACHE_HOME: newFolder() }
    const start = () => startServer(['--store', store, '--sync', folder, '--sync-every', '1'], 30_000, env)
    const both = [await start(), await start()]
    const [url = '', second = ''] = both.map(one => one.url.replace(/\/$/, ''))
    await expect.poll(() => idsOf(url)).toEqual(['n1'])
    write(folder, 'n1.xml', capabilities({ microcode: 2 }))
    const revisions = async (of: string) => (await hostOf(of, 'n1')).history.map(one => one.facts.microcode)
    await expect.poll(() => revisions(url)).toEqual([2, 1])
    await new Promise(done => setTimeout(done, 3000))
    expect(await revisions(second)).toEqual([2, 1])
    const keeper = (await sourceOf(url))?.server ?? ''
    const first = both.find(({ child }) => keeper.split(' ').includes(String(child.pid)))
    first?.child.kill('SIGTERM')
    if (first) await once(first.child, 'exit')
    const left = both.find(one => one !== first)?.url.replace(/\/$/, '') ?? ''
    write(folder, 'n1.xml', capabilities({ microcode: 3 }))
    await expect.poll(() => revisions(left)).toEqual([3, 2, 1])
  })
})
