import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLI, folderOf, hostXml, type Ran } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { freePort } from './access.ts'

/** Hosts that report themselves to the real server, by the agent and by collect. */

const AGENT = join(import.meta.dirname, '..', '..', 'deploy', 'agent', 'virt-cpu-agent.sh')

/** A token with roles: its secret, and its line for the server. */
function tokenFor(name: string, roles: string): { secret: string; line: string } {
  const secret = `vc_${randomBytes(32).toString('base64url')}`
  return { secret, line: `${name}=${roles}:sha256:${createHash('sha256').update(secret).digest('hex')}` }
}

const [agents, readers] = [tokenFor('agents', 'report'), tokenFor('readers', 'read')]

async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', HOME: folderOf({}), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, status }
}

const missing = needed('what agents are run with', notInstalled('dash', 'curl', 'wget'))
describe.skipIf(missing)(`the server takes reports (${missing ?? 'installed'})`, () => {
  let server: ChildProcess
  let url = ''
  beforeAll(async () => {
    const port = await freePort()
    const store = join(folderOf({}), 'store')
    server = spawn(process.execPath, [CLI, 'serve', '--port', String(port), '--store', store], {
      env: { ...process.env, VIRT_CPU_SERVE_TOKEN: `${agents.line} ${readers.line}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (server.stdout) await once(server.stdout, 'data')
    url = `http://127.0.0.1:${port}`
  })
  afterAll(() => void server.kill('SIGKILL'))

  const agent = (more: Record<string, string> = {}) =>
    run('dash', [AGENT], {
      VIRT_CPU_URL: url,
      VIRT_CPU_TOKEN_FILE: join(folderOf({ token: agents.secret }), 'token'),
      VIRT_CPU_NAME: 'n1',
      VIRT_CPU_POOL: 'a pool/ü',
      VIRT_CPU_PAUSE: '1',
      ...more,
    })
  const collect = (args: readonly string[], env: Record<string, string> = {}) =>
    run(process.execPath, [CLI, 'collect', '--report', url, ...args], {
      VIRT_CPU_TOKEN: agents.secret,
      ...env,
    })
  const hosts = async () => {
    const headers = { authorization: `Bearer ${readers.secret}` }
    const answer = await fetch(`${url}/v1/hosts`, { headers })
    expect(answer.status).toBe(200)
    const { hosts: all } = (await answer.json()) as {
      hosts: { id: string; name: string; pool: string; reporter: string }[]
    }
    return all
  }

  test('of an agent: once, and then its hash alone', async () => {
    expect(await agent()).toMatchObject({ status: 0, stdout: `${url} has the report of n1 (201)\n` })
    expect(await agent()).toMatchObject({ status: 0, stdout: `${url} has the report of n1 (304)\n` })
    expect(await hosts()).toMatchObject([{ name: 'n1', pool: 'a pool/ü', reporter: 'agents' }])
    // Another pool is news, also of a text that is known.
    expect((await agent({ VIRT_CPU_POOL: 'b' })).status).toBe(0)
    expect(await hosts()).toMatchObject([{ name: 'n1', pool: 'b' }])
  })

  test('of collect, which gives a host the id that its agent gives it', async () => {
    const first = await collect(['--no-guests', '--json'])
    expect(first.stderr).toBe('')
    const [own] = await hosts()
    expect(JSON.parse(first.stdout)).toMatchObject({ failed: [], reported: [{ id: own?.id }] })
    const again = await collect(['--no-guests', '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ reported: [{ id: own?.id, state: 'same' }] })
    expect(await hosts()).toHaveLength(1)
    const file = join(folderOf({ 'kvm-01.xml': hostXml('Penryn') }), 'kvm-01.xml')
    expect((await collect(['--report', file, '--pool', 'old'])).stdout).toContain('the server has 1 new')
    expect(await hosts()).toContainEqual(expect.objectContaining({ name: 'kvm-01', pool: 'old' }))
  })

  test('but of nobody without the role, and of no text that describes no host', async () => {
    const reader = join(folderOf({ token: readers.secret }), 'token')
    const refused = await agent({ VIRT_CPU_TOKEN_FILE: reader, VIRT_CPU_NAME: 'n2' })
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('refuses the report: 403')])
    const nobody = await agent({ VIRT_CPU_TOKEN_FILE: '/dev/null', VIRT_CPU_NAME: 'n2' })
    expect([nobody.status, nobody.stderr]).toEqual([1, expect.stringContaining('refuses the report: 401')])
    const lorem = join(folderOf({ 'lorem.txt': 'lorem ipsum dolor' }), 'lorem.txt')
    const unread = await collect(['--report', lorem])
    expect([unread.status, unread.stdout]).toEqual([1, expect.stringMatching(/4(?:00|22)/)])
    expect((await hosts()).map(({ name }) => name)).not.toContain('n2')
  })
})
