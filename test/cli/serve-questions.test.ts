import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { capabilities } from '../inventory/texts.ts'
import { CLI } from './virt-cpu.ts'

let server: ChildProcess
let url = ''
beforeAll(async () => {
  const store = mkdtempSync(join(tmpdir(), 'questions-'))
  server = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--store', store])
  let said = ''
  server.stdout?.on('data', part => {
    said += part
  })
  while (!said.includes('http')) await pause(50)
  url = /http\S+/.exec(said)?.[0] ?? ''
  // While a new folder is made, a connection that was kept open may be closed.
  const isReady = () =>
    fetch(`${url}readyz`).then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isReady())) await pause(100)
}, 60_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
})

const ask = async (verb: string, body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}v1/${verb}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, headers: response.headers, json: (await response.json()) as object }
}

test('a server answers of the hosts that reported themselves, at once and as a job', async () => {
  const texts = [capabilities({ features: ['hle', 'rtm'] }), capabilities({})]
  for (const [i, body] of texts.entries()) {
    const { status } = await fetch(`${url}v1/hosts/n${i}?pool=blue`, { method: 'PUT', body })
    expect(status).toBe(201)
  }
  const documents = texts.map((text, i) => ({ path: `blue/n${i}`, text }))
  const files = await ask('explain', { documents, fleet: {} })
  const stored = await ask('explain', { fleet: { from: 'inventory:blue' } })
  expect([stored.status, stored.json]).toEqual([200, files.json])
  expect(await ask('explain', { fleet: 'inventory:red' })).toMatchObject({
    status: 404,
    json: { error: { kind: 'not-found', message: "the inventory has no host in a pool called 'red'" } },
  })
  const job = await ask('explain', { fleet: { from: 'inventory:blue' } }, { prefer: 'respond-async' })
  expect(job.status).toBe(202)
  const place = new URL(job.headers.get('location') ?? '', url)
  let state: unknown
  for (let tries = 0; state !== 'done' && tries < 200; tries++) {
    await pause(50)
    state = ((await (await fetch(place)).json()) as { state: string }).state
  }
  expect(await (await fetch(`${place}/result`)).json()).toEqual(stored.json)
  const metrics = await (await fetch(`${url}metrics`)).text()
  expect(metrics).toContain('virt_cpu_pool_hosts{pool="blue",arch="x86_64"} 2\n')
  expect(metrics).toContain('virt_cpu_store_up 1\n')
}, 60_000)
