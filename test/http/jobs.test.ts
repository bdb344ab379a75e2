import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { WorkerPool } from '../../src/cli/worker-pool.ts'
import type { AnswerProgress, HttpAnswer } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { type JobRules, Jobs, readWish } from '../../src/http/jobs.ts'

const said = (text: string, status: 200 | 422 = 200): HttpAnswer => ({
  status,
  body: new TextEncoder().encode(JSON.stringify({ text })),
})

interface Asked {
  readonly verb: string
  readonly body: string
  readonly gone: AbortSignal
  readonly tell: (progress: AnswerProgress) => void
  readonly end: (answer: HttpAnswer) => void
}

/** A server whose questions are answered when the test says so. */
function start(more: Partial<JobRules> = {}) {
  const asked: Asked[] = []
  const clock = { now: 0 }
  let count = 0
  const jobs = new Jobs({
    answer: (verb, body, gone, tell) =>
      new Promise(end => asked.push({ verb, body: new TextDecoder().decode(body), gone, tell, end })),
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
  const send = async (
    path: string,
    method = 'GET',
    who = 'ann',
    body?: object,
    { prefer = 'respond-async', signal }: { prefer?: string; signal?: AbortSignal } = {},
  ) => {
    const headers = { host: 'localhost', authorization: `Bearer ${who}`, prefer }
    const text = body && { body: JSON.stringify(body) }
    const response = await app.request(path, { method, headers, ...text, ...(signal && { signal }) })
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
    /** Waits until so many were asked. */
    begun: async (count: number) => {
      while (asked.length < count) await pause(1)
    },
    /** Asks, and waits as long as it says. */
    wait: (prefer = '', signal?: AbortSignal) =>
      send('/v1/explain', 'POST', 'ann', { documents: [] }, { prefer, ...(signal && { signal }) }),
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

test.each([
  ['', undefined],
  ['return=minimal', undefined],
  ['respond-async', { ms: 0, applied: 'respond-async' }],
  ['wait=10', { ms: 10_000, applied: 'wait=10' }],
  ['Respond-Async, WAIT = 7', { ms: 7000, applied: 'respond-async, wait=7' }],
  ['handling=lenient; wait="0"', { ms: 0, applied: 'wait=0' }],
  ['wait=-1', undefined],
  ['await=9', undefined],
])('Prefer: %s', (prefer, wish) => {
  expect(readWish(new Headers({ prefer }))).toEqual(wish)
})

test('an answer that comes in time is no job; one that does not goes on as one', async () => {
  const { asked, begun, send, wait } = start({ wait: 200 })
  const quick = wait()
  await begun(1)
  asked[0]?.end(said('quick'))
  expect(await quick).toMatchObject({ status: 200, json: { text: 'quick' } })
  const { status, headers, json } = await wait()
  expect([status, headers.get('location'), headers.get('retry-after')]).toEqual([202, '/v1/jobs/job1', '2'])
  expect(json).toMatchObject({ state: 'running', stage: 'waiting', share: null })
  expect(asked).toHaveLength(2)
  asked[1]?.tell({ stage: 'reading', share: 0.25 })
  const { json: told, headers: more } = await send('/v1/jobs/job1')
  expect(told).toMatchObject({ state: 'running', stage: 'reading', share: 0.25 })
  expect(more.get('retry-after')).toBe('2')
  asked[1]?.tell({ stage: 'answering' })
  expect((await send('/v1/jobs/job1')).json).toMatchObject({ stage: 'answering', share: null })
  asked[1]?.end(said('slow'))
  await pause(1)
  expect((await send('/v1/jobs/job1')).json).toMatchObject({ state: 'done', bytes: 15 })
  expect((await send('/v1/jobs/job1/result')).json).toEqual({ text: 'slow' })
})

test('a client says how long it waits', async () => {
  const { asked, wait } = start({ wait: 20 })
  const answer = wait('wait=5')
  await pause(60)
  asked[0]?.end(said('patient'))
  expect(await answer).toMatchObject({ status: 200, json: { text: 'patient' } })
  const { status, headers } = await wait('respond-async, wait=0')
  expect([status, headers.get('preference-applied')]).toEqual([202, 'respond-async, wait=0'])
})

test('while no more jobs may run, a client waits as long as requests may take', async () => {
  const { asked, begun, clock, wait } = start({ wait: 10, limit: 50, running: 1 })
  expect((await wait()).status).toBe(202)
  const second = wait()
  await begun(2)
  asked[1]?.tell({ stage: 'reading' })
  await pause(30)
  clock.now = 60
  expect(await second).toMatchObject({ status: 503, json: { error: { kind: 'too-long' } } })
  expect(asked.map(({ gone }) => gone.aborted)).toEqual([false, true])
})

test('where requests may take less than clients wait, none becomes a job', async () => {
  const { asked, begun, clock, wait } = start({ wait: 500, limit: 20 })
  const answer = wait()
  await begun(1)
  asked[0]?.tell({ stage: 'reading' })
  clock.now = 30
  expect(await answer).toMatchObject({ status: 503, json: { error: { message: /with --limit/ } } })
})

test('who goes away ends an answer, but not a job', async () => {
  const { asked, begun, wait } = start({ wait: 200 })
  const away = new AbortController()
  void wait('', away.signal).catch(() => {})
  await begun(1)
  away.abort()
  expect(asked[0]?.gone.aborted).toBe(true)
  asked[0]?.end(said('nobody'))
  const later = new AbortController()
  expect((await wait('', later.signal)).status).toBe(202)
  later.abort()
  expect(asked[1]?.gone.aborted).toBe(false)
})

/** Files in memory. */
function fakeFiles(most: number) {
  const kept = new Map<string, Uint8Array>()
  const files = {
    most,
    write: async (id: string, bytes: Uint8Array) => {
      if (id === 'job9') throw new Error('the disk is full')
      kept.set(id, bytes)
    },
    read: (id: string) =>
      new Response((kept.get(id) ?? new Uint8Array()) as Uint8Array<ArrayBuffer>)
        .body as ReadableStream<Uint8Array>,
    drop: async (id: string) => void kept.delete(id),
  }
  return { kept, files }
}

test('results that memory has no room for are in files, and come as they were', async () => {
  const { kept, files } = fakeFiles(250)
  const { asked, send, ask, jobs } = start({ running: 9, bytes: 120, files })
  for (let i = 0; i < 5; i++) await ask()
  for (const [i, one] of asked.entries()) one.end(said(String(i).repeat(90)))
  await pause(5)
  const states = await Promise.all(
    [1, 2, 3, 4, 5].map(async n => (await send(`/v1/jobs/job${n}`)).json.state),
  )
  expect(states).toEqual(['gone', 'gone', 'done', 'done', 'done'])
  expect([...kept.keys()]).toEqual(['job3', 'job4'])
  for (const n of [3, 4, 5])
    expect((await send(`/v1/jobs/job${n}/result`)).json).toEqual({ text: String(n - 1).repeat(90) })
  await send('/v1/jobs/job3', 'DELETE')
  expect([...kept.keys()]).toEqual(['job4'])
  jobs.stop()
  await pause(1)
  expect(kept.size).toBe(0)
})

test('a file that cannot be written is a fault that is told, and its result is gone', async () => {
  const faults: unknown[] = []
  let count = 8
  const { asked, send, ask } = start({
    running: 9,
    bytes: 10,
    files: fakeFiles(1000).files,
    makeId: () => `job${++count}`,
    onFault: error => faults.push(error),
  })
  await ask()
  asked[0]?.end(said('x'))
  await pause(5)
  expect((await send('/v1/jobs/job9')).json.state).toBe('gone')
  expect(faults).toHaveLength(1)
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
