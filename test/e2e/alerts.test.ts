import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { killServers, type Served, startServer } from '../cli/served.ts'
import { runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed } from '../needs.ts'
import { type Heard, startAlertReceiver } from './alert-receiver.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

/** Alerts of rules over an inventory, from a report to a receiver. */

afterEach(killServers)

const folder = mkdtempSync(join(tmpdir(), 'alerts-'))
let files = 0
const file = (name: string, text: string): string => {
  const path = join(folder, `${++files}-${name}`)
  writeFileSync(path, text)
  return path
}

const RULES = `requirements:
- name: no leaks
  pools: intel
  must-have: [md-clear]
- name: enough
  hosts: 1
`

const SECRET = 'a secret of this test'

async function serve(store: string, ...more: readonly string[]): Promise<Served> {
  const served = await startServer(['--store', store, ...more], 30_000)
  const url = served.url.replace(/\/$/, '')
  const isReady = async () => (await fetch(`${url}/readyz`)).status
  await expect.poll(isReady, { timeout: 60_000, interval: 50 }).toBe(200)
  return { ...served, url }
}

const MODEL = 'Cascadelake-Server'
/** A host whose microcode has, or has lost, what clears buffers. */
const report = async (url: string, id: string, isSafe: boolean, pool = 'intel') => {
  const features = isSafe ? ['md-clear'] : []
  const answer = await fetch(`${url}/v1/hosts/${id}?pool=${pool}`, {
    method: 'PUT',
    body: capabilities({ model: MODEL, features, microcode: isSafe ? 2 : 1 }),
  })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}

const alertsOf = async (url: string, query = '') =>
  ((await (await fetch(`${url}/v1/alerts${query}`)).json()) as { alerts: Record<string, unknown>[] }).alerts

const soon = { timeout: 30_000, interval: 100 }

/** The lines of the documentation with which a receiver verifies what it is sent. */
const documented = /```python\n(import hashlib[\s\S]*?)```/.exec(
  readFileSync(join(import.meta.dirname, '../../docs/serve.md'), 'utf8'),
)?.[1]

function isGenuine({ headers, body }: Pick<Heard, 'headers' | 'body'>, secret: string): boolean {
  const script = `${documented}
import sys
print(is_genuine(sys.argv[1], sys.argv[2], sys.argv[3], sys.stdin.buffer.read()))`
  const args = [secret, String(headers['x-virt-cpu-timestamp']), String(headers['x-virt-cpu-signature'])]
  const { stdout, stderr } = spawnSync('python3', ['-c', script, ...args], { input: body, encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.trim() === 'True'
}

const postgres = needed('PostgreSQL', whyNoPostgres())

describe.skipIf(postgres)(`alerts (${postgres ?? 'with PostgreSQL'})`, () => {
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

  test('a microcode that loses a mitigation: firing, signed, acknowledged, fixed, resolved', async () => {
    const receiver = await startAlertReceiver()
    const secret = file('secret', `${SECRET}\n`)
    const rules = file('rules.yaml', RULES)
    const options = ['--rules', rules, '--webhook', receiver.url, '--webhook-secret', secret]
    const served = await serve(newDatabase('one'), ...options)
    const { url } = served
    const events = fetch(`${url}/v1/events`)
    await report(url, 'n1', true)
    await report(url, 'n2', true)
    await new Promise(done => setTimeout(done, 3000))
    expect(receiver.said()).toEqual([])
    await report(url, 'n2', false)
    const broken = performance.now()
    await expect.poll(receiver.said, soon).toEqual(['firing no leaks intel'])
    expect(performance.now() - broken).toBeLessThan(10_000)
    const [first] = receiver.heard
    if (!first) throw new RangeError('it was heard')
    expect(JSON.parse(first.body)).toMatchObject({
      version: '4',
      status: 'firing',
      groupLabels: { pool: 'intel' },
    })
    const [alert] = first.alerts
    expect(alert?.annotations).toMatchObject({
      summary: expect.stringContaining('md-clear CPUID.07H.0:EDX[10] is not on n2'),
      hosts: 'n2',
    })
    expect(isGenuine(first, SECRET)).toBe(true)
    expect(isGenuine(first, 'another')).toBe(false)
    expect(isGenuine({ ...first, body: `${first.body} ` }, SECRET)).toBe(false)
    const old = { ...first.headers, 'x-virt-cpu-timestamp': '1' }
    expect(isGenuine({ ...first, headers: old }, SECRET)).toBe(false)
    // Another host has it too: receivers hear of it, until somebody sees to it.
    await report(url, 'n1', false)
    await expect.poll(() => receiver.heard.at(-1)?.alerts[0]?.annotations.hosts, soon).toBe('n1 n2')
    const [shown] = await alertsOf(url, '?state=firing&pool=intel')
    const body = JSON.stringify({ why: 'on its way' })
    const known = await fetch(`${url}/v1/alerts/${shown?.number}/acknowledged`, { method: 'PUT', body })
    expect(await known.json()).toMatchObject({ acknowledged: { by: 'local', why: 'on its way' } })
    expect(await (await fetch(`${url}/v1/audit-log`)).text()).toContain('on its way')
    await report(url, 'n1', true)
    await expect.poll(async () => (await alertsOf(url))[0]?.hosts, soon).toEqual(['n2'])
    await report(url, 'n2', true)
    await expect
      .poll(receiver.said, soon)
      .toEqual(['firing no leaks intel', 'firing no leaks intel', 'resolved no leaks intel'])
    const last = receiver.heard.at(-1)?.alerts[0]
    expect(Date.parse(last?.endsAt ?? '')).toBeGreaterThan(Date.parse(alert?.startsAt ?? ''))
    expect(last?.fingerprint).toBe(alert?.fingerprint)
    expect(last?.startsAt).toBe(alert?.startsAt)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('virt_cpu_alert_deliveries_total{result="done"} 3\n')
    expect(metrics).toContain('virt_cpu_alerts_leader 1\n')
    let told = ''
    for await (const part of (await events).body ?? []) {
      told += new TextDecoder().decode(part)
      if (told.includes('alert-resolved')) break
    }
    expect(told).toMatch(
      /event: alert-firing\nid: .*\ndata: \{"host":null,"pool":"intel","at":".*","alert":1\}/,
    )
    expect(served.said()).not.toContain(SECRET)
    await receiver.stop()
  }, 120_000)

  test('no alert is lost while the receiver is down and the server is killed', async () => {
    const receiver = await startAlertReceiver()
    await receiver.stop()
    const place = newDatabase('lost')
    const options = ['--rules', file('rules.yaml', RULES), '--webhook', receiver.url]
    const served = await serve(place, ...options)
    await report(served.url, 'n1', false)
    await expect.poll(async () => (await alertsOf(served.url, '?state=firing')).length, soon).toBe(1)
    served.child.kill('SIGKILL')
    await once(served.child, 'exit')
    const again = await serve(place, ...options)
    await report(again.url, 'n1', true)
    await expect.poll(async () => (await alertsOf(again.url, '?state=resolved')).length, soon).toBe(1)
    again.child.kill('SIGKILL')
    await once(again.child, 'exit')
    const back = await startAlertReceiver(receiver.port)
    // A redirect is not followed, an error is tried again.
    back.planned.push(302, 500)
    const last = await serve(place, ...options)
    await expect
      .poll(back.said, { timeout: 60_000 })
      .toEqual(['firing no leaks intel', 'resolved no leaks intel'])
    expect(await (await fetch(`${last.url}/metrics`)).text()).toContain(
      'virt_cpu_alert_deliveries_waiting 0\n',
    )
    const answers = await (await fetch(`${last.url}/v1/alerts`)).text()
    expect(answers).toContain('"delivered":"')
    expect(answers).not.toContain('secret of the receiver')
    await back.stop()
  }, 120_000)

  test('of two servers one evaluates, and the other when it is killed; nothing is told twice', async () => {
    const receiver = await startAlertReceiver()
    const place = newDatabase('two')
    const options = ['--rules', file('rules.yaml', RULES), '--webhook', receiver.url]
    const a = await serve(place, ...options)
    const b = await serve(place, ...options)
    const leads = async ({ url }: Served) =>
      /alerts_leader 1/.test(await (await fetch(`${url}/metrics`)).text())
    await report(b.url, 'n1', false)
    await expect.poll(receiver.said, soon).toEqual(['firing no leaks intel'])
    expect([await leads(a), await leads(b)].sort()).toEqual([false, true])
    const [leader, other] = (await leads(a)) ? [a, b] : [b, a]
    leader.child.kill('SIGKILL')
    await report(other.url, 'n1', true)
    const killed = performance.now()
    await expect
      .poll(receiver.said, { timeout: 60_000 })
      .toEqual(['firing no leaks intel', 'resolved no leaks intel'])
    expect(performance.now() - killed).toBeLessThan(30_000)
    expect(await leads(other)).toBe(true)
    await receiver.stop()
  }, 120_000)
})

test.skipIf(postgres)(
  'a database that goes away and comes back, and rules that SIGHUP reads again',
  async () => {
    const own = await startPostgres()
    const receiver = await startAlertReceiver()
    try {
      const rules = file('rules.yaml', RULES)
      const served = await serve(own.url, '--rules', rules, '--webhook', receiver.url, '--log', 'text')
      await report(served.url, 'n1', true)
      own.control('-m', 'immediate', 'stop')
      await expect.poll(served.said, soon).toContain('the database cannot be reached')
      own.control('start')
      await expect.poll(async () => (await fetch(`${served.url}/readyz`)).status, soon).toBe(200)
      await report(served.url, 'n1', false)
      await expect.poll(receiver.said, soon).toEqual(['firing no leaks intel'])
      expect(served.said()).not.toContain('a fault in virt-cpu itself')
      writeFileSync(rules, RULES.replace('md-clear', 'md-cler'))
      served.child.kill('SIGHUP')
      await expect.poll(served.said, soon).toContain('nothing was read again')
      writeFileSync(rules, RULES.replace('no leaks', 'none leaks'))
      served.child.kill('SIGHUP')
      await expect
        .poll(() => receiver.said().sort(), soon)
        .toEqual(['firing no leaks intel', 'firing none leaks intel', 'resolved no leaks intel'])
    } finally {
      await receiver.stop()
      await own.end()
    }
  },
  120_000,
)

test('rules that are wrong end the server with file, line and what would be right', async () => {
  const check = (text: string, ...more: readonly string[]) => {
    const rules = file('rules.yaml', text)
    const { status, stderr } = virtCpu(['serve', '--check-config', '--store', 'x', '--rules', rules, ...more])
    return [status, stderr.replaceAll(rules, 'rules.yaml')]
  }
  expect(check(RULES)).toEqual([0, ''])
  expect(check('requirements:\n- must-have: [md-cler]\n')).toEqual([
    2,
    expect.stringMatching(/rules\.yaml:2:15: .*md-cler.*md-clear/),
  ])
  expect(check('requirements:\n- os: rhel11\n')).toEqual([2, expect.stringContaining('rules.yaml:2:7')])
  expect(check('requirements:\n- reported-within: 2 days\n')).toEqual([
    2,
    expect.stringContaining('such as 90m'),
  ])
  expect(check('hosts: [a]\nrequirements:\n- hosts: 1\n')).toEqual([
    2,
    expect.stringContaining('leave it out'),
  ])
  expect(check('{}')).toEqual([2, expect.stringContaining('level: x86-64-v3')])
  expect(check(RULES, '--webhook', 'file:///etc/passwd')).toEqual([2, expect.stringContaining('takes URLs')])
  const { stdout } = virtCpu([
    'serve',
    '--check-config',
    '--store',
    'x',
    '--rules',
    file('r.yaml', RULES),
    '--webhook',
    'https://me:pass@hooks.example/T0/B1',
  ])
  expect(stdout).toContain('webhook: ["https://hooks.example/***"]')
})
