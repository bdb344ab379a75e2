import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openInventory } from '../../src/inventory/open.ts'
import { capabilities } from '../inventory/texts.ts'

let inventory: Inventory
beforeAll(async () => {
  inventory = await openInventory({ folder: mkdtempSync(join(tmpdir(), 'metrics-')) })
})
afterAll(() => inventory?.close())

let now = 0
const appOf = (open?: () => Promise<Inventory>) =>
  createApp({
    version: '0',
    page: '',
    answer: async () => {
      now += 200
      return { status: 200, body: new TextEncoder().encode('{}') }
    },
    figures: {
      now: () => now,
      workers: () => ({ busy: 1, waiting: 2, most: 3 }),
      alerts: () => ALERTS,
      open,
    },
  })

const ALERTS = { evaluated: 5, notEvaluated: 1, delivered: 2, notDelivered: 3, leads: true }

const HOST = { headers: { host: 'localhost' } }

/** The samples of a text in Prometheus' format, checked as its grammar has them. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  const name = '[a-z_][a-z0-9_]*'
  for (const line of text.trimEnd().split('\n')) {
    const [, typed = '', type = ''] =
      new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`).exec(line) ?? []
    if (typed) types.set(typed, type)
    if (line.startsWith('#')) {
      expect(line).toMatch(new RegExp(`^# (TYPE ${name} \\w+|HELP ${name} .+)$`))
      continue
    }
    const match = new RegExp(
      `^((${name})(?:\\{${name}="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"(?:,${name}="(?:[^"\\\\\\n]|\\\\[\\\\"n])*")*\\})?) (\\S+)$`,
    ).exec(line)
    expect(match, line).not.toBeNull()
    const [, sample = '', metric = '', value] = match ?? []
    const family = metric.replace(/_(bucket|sum|count)$/, '')
    expect(types.has(metric) || types.get(family) === 'histogram', metric).toBe(true)
    expect(samples.has(sample), `${sample} twice`).toBe(false)
    samples.set(sample, Number(value))
  }
  return samples
}

const read = async (app: ReturnType<typeof appOf>) => {
  const response = await app.request('/metrics', HOST)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return samplesOf(await response.text())
}

test('requests are counted by route and status, whatever their paths are', async () => {
  const app = appOf()
  for (const path of ['/v1/explain', '/v1/explain', '/v1/nosuch', '/v1/hosts/a', '/v1/hosts/b', '/x"y\n'])
    await app.request(encodeURI(path), { method: 'POST', body: '{}', ...HOST })
  const samples = await read(app)
  const total = (route: string, status: number) =>
    samples.get(`virt_cpu_requests_total{route="${route}",method="POST",status="${status}"}`)
  expect([total('/v1/explain', 200), total('other', 404), total('/v1/hosts/{id}', 405)]).toEqual([2, 2, 2])
  const duration = (end: string) => samples.get(`virt_cpu_request_duration_seconds_${end}`)
  expect(duration('bucket{route="/v1/explain",le="0.1"}')).toBe(0)
  expect(duration('bucket{route="/v1/explain",le="0.25"}')).toBe(2)
  expect(duration('bucket{route="/v1/explain",le="+Inf"}')).toBe(2)
  expect(duration('count{route="/v1/explain"}')).toBe(2)
  expect(duration('sum{route="/v1/explain"}')).toBeCloseTo(0.4)
  expect([samples.get('virt_cpu_queue_requests'), samples.get('virt_cpu_workers_busy')]).toEqual([2, 1])
  expect(samples.has('virt_cpu_store_up')).toBe(false)
})

test('pools are counted as the inventory has them', async () => {
  const pool = 'a "b"\\c'
  const report = (id: string, features: string[], at?: Date) =>
    inventory.report({ id, pool, at, text: capabilities({ features }) })
  const then = new Date('2026-01-01')
  await report('n1', ['hle', 'rtm'], then)
  await report('n2', [], then)
  await report('n3', [], then)
  await report('n3', ['hle'])
  const app = appOf(async () => inventory)
  const samples = await read(app)
  const of = (name: string, arch = ',arch="x86_64"') =>
    samples.get(`virt_cpu_pool_${name}{pool="a \\"b\\"\\\\c"${arch}}`)
  expect([of('hosts'), of('cpus'), of('level'), of('hosts_changed', '')]).toEqual([3, 3, 4, 1])
  const [baseline] = await inventory.poolBaselines(pool)
  expect(of('features_lost')).toBe(baseline?.lost.length)
  expect(baseline?.lost).toEqual(expect.arrayContaining(['hle', 'rtm']))
  expect(samples.get('virt_cpu_store_up')).toBe(1)
  expect((await app.request('/metrics', { method: 'POST', ...HOST })).status).toBe(405)
})

test('alerts are counted by pool, rule and state, and what became of them', async () => {
  const keeper = { holder: 'test', patience: 60, receivers: ['a', 'b'] }
  const detail = { summary: '', failures: [], failureCount: 0, hosts: [], hostCount: 0 }
  const found = ['level', 'model'].map(kind => ({ rule: 'a "rule"', kind, pool: 'p', detail }))
  await inventory.alerts.lead('test', 60, '')
  await inventory.alerts.keep({ pool: 'p', notes: [], found }, keeper)
  await inventory.alerts.keep(
    { pool: 'q', notes: [], found: [{ ...found[0], pool: 'q' } as never] },
    { ...keeper, patience: 0 },
  )
  const samples = await read(appOf(async () => inventory))
  expect(samples.get('virt_cpu_alerts{rule="a \\"rule\\"",pool="p",state="pending"}')).toBe(2)
  expect(samples.get('virt_cpu_alerts{rule="a \\"rule\\"",pool="q",state="firing"}')).toBe(1)
  expect(samples.get('virt_cpu_alert_deliveries_waiting')).toBe(2)
  expect(samples.get('virt_cpu_alert_deliveries_total{result="failed"}')).toBe(3)
  expect(samples.get('virt_cpu_alert_evaluations_total{result="done"}')).toBe(5)
  expect(samples.get('virt_cpu_alerts_leader')).toBe(1)
})

test('an inventory that cannot be asked is down, and its pools are not there', async () => {
  const samples = await read(
    appOf(async () => {
      throw new Error('gone')
    }),
  )
  expect(samples.get('virt_cpu_store_up')).toBe(0)
  expect([...samples.keys()].filter(name => name.includes('_pool_'))).toEqual([])
})

test.each(['rules.yml', 'dashboard.json'])('every query of %s names metrics that there are', async file => {
  const app = appOf(async () => inventory)
  await inventory.report({ id: 'd1', pool: 'd', text: capabilities({}) })
  await app.request('/v1/explain', { method: 'POST', body: '{}', ...HOST })
  const known = new Set([...(await read(app)).keys()].map(sample => sample.replace(/\{.*/s, '')))
  const text = readFileSync(join(import.meta.dirname, '../../deploy/prometheus', file), 'utf8')
  const named = [...text.matchAll(/\bvirt_cpu_\w+/g)].map(([name]) => name)
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(name => !known.has(name))).toEqual([])
})
