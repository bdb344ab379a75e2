import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { WorkerPool } from '../../src/cli/worker-pool.ts'
import type { HttpAnswer } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { type JobRules, Jobs } from '../../src/http/jobs.ts'

const said = (text: string, status: 200 | 422 = 200): HttpAnswer => ({
  status,
  body: new TextEncoder().encode(JSON.stringify({ text })),
})

/** A server whose questions are answered when the test says so. */
function start(more: Partial<JobRules> = {}) {
  const asked: { verb: string; body: string; gone: AbortSignal; end: (answer: HttpAnswer) => void }[] = []
  const clock = { now: 0 }
  let count = 0
  const jobs = new Jobs({
    answer: (verb, body, gone) =>
      new Promise(end => asked.push({ verb, body: new TextDecoder().decode(body), gone, end })),
    bytes: 1000,
    now: () => clock.now,
    makeId: () => `job${++count}`,
    ...more,
  })
  const app = createApp({
    version: '0',
    page: '',
    answer: async () => said('at once'),
    jobs,
    access: {
      authenticate: async token => ({ name: token, roles: ['read'] }),
    },
  })
  const send = async (path: string, method = 'GET', who = 'ann', body?: object) => {
    const headers = { host: 'localhost', authorization: `Bearer ${who}`, prefer: 'respond-async' }
    const response = await app.request(path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return {
      status: response.status,
      headers: response.headers,
      json: (await response.json()) as Record<string, unknown>,
    }
  }
  return {
    asked,
    clock,
    jobs,
    send,
    ask: (who?: string) => send('/v1/explain', 'POST', who, { documents: [] }),
  }
}

test('a job is answered while nobody waits', async () => {
  const { asked, clock, send, ask } = start()
  const { status, headers, json } = await ask()
  expect([status, headers.get('location'), json.state]).toEqual([202, '/v1/jobs/job1', 'running'])
  expect(asked.map(({ verb, body }) => [verb, body])).toEqual([['explain', '{"documents":[]}']])
  clock.now = 3500
  expect((await send('/v1/jobs/job1')).json).toMatchObject({ state: 'running', seconds: 3, verb: 'explain' })
  expect((await send('/v1/jobs/job1/result')).status).toBe(404)
  asked[0]?.end(said('done'))
  await pause(1)
  expect((await send('/v1/jobs/job1')).json).toMatchObject({ state: 'done', status: 200 })
  expect(await send('/v1/jobs/job1/result')).toMatchObject({ status: 200, json: { text: 'done' } })
  clock.now += 600_001
  expect((await send('/v1/jobs/job1')).status).toBe(404)
})

test('a job is its owner’s alone', async () => {
  const { send, ask, asked } = start()
  await ask('ann')
  for (const method of ['GET', 'DELETE'])
    expect((await send('/v1/jobs/job1', method, 'bob')).status).toBe(404)
  expect(asked[0]?.gone.aborted).toBe(false)
  expect((await send('/v1/jobs/job1', 'POST')).status).toBe(403)
})

test('jobs wait for each other, and one that is deleted is given up', async () => {
  const { asked, send, ask } = start()
  for (const _ of [1, 2, 3]) await ask()
  expect((await send('/v1/jobs/job3')).json).toMatchObject({ state: 'waiting', before: 1 })
  const deleted = { schema: 2, id: 'job1', verb: 'explain', state: 'cancelled', seconds: 0 }
  expect((await send('/v1/jobs/job1', 'DELETE')).json).toEqual(deleted)
  expect(asked[0]?.gone.aborted).toBe(true)
  expect((await send('/v1/jobs/job1')).status).toBe(404)
  asked[0]?.end(said('too late'))
  await pause(1)
  expect(asked).toHaveLength(2)
  await send('/v1/jobs/job3', 'DELETE')
  asked[1]?.end(said('no', 422))
  await pause(1)
  expect((await send('/v1/jobs/job2')).json).toMatchObject({ state: 'failed', status: 422 })
  expect(asked).toHaveLength(2)
})

test('jobs and their results are so many at most', async () => {
  const { asked, send, ask } = start({ most: 2, running: 2, bytes: 100 })
  for (const status of [202, 202, 503]) expect((await ask()).status).toBe(status)
  for (const one of asked) one.end(said('x'.repeat(60)))
  await pause(1)
  const states = await Promise.all([1, 2].map(async n => (await send(`/v1/jobs/job${n}`)).json.state))
  expect(states).toEqual(['gone', 'done'])
  expect(await send('/v1/jobs/job1/result')).toMatchObject({ status: 404 })
})

/** A request that takes much longer than this test waits. */
const long = () => ({
  documents: [...hostDocuments(2000)].map((text, i) => ({ path: `host-${i}.xml`, text })),
})

test('a deleted job ends the worker that answers it', async () => {
  const program = join(import.meta.dirname, '../../dist/worker.cjs')
  const crew = new WorkerPool({
    program,
    maps: { named: [] },
    limit: 60_000,
    most: 1,
    memory: 400,
    largest: 1e8,
  })
  const { send, jobs } = start({ answer: (verb, body, gone) => crew.answer(verb, body, gone) })
  await send('/v1/migrate', 'POST', 'ann', long())
  await pause(1500)
  expect((await send('/v1/jobs/job1')).json.state).toBe('running')
  expect(crew.load.busy).toBe(1)
  await send('/v1/jobs/job1', 'DELETE')
  for (let tries = 0; crew.load.busy > 0 && tries < 100; tries++) await pause(50)
  expect(crew.load.busy).toBe(0)
  jobs.stop()
  await crew.stop()
})
