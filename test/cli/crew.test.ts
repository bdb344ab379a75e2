import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { type CrewOptions, WorkerPool } from '../../src/cli/worker-pool.ts'
import { RequestRefused } from '../../src/http/answer.ts'
import { hostXml } from './virt-cpu.ts'

const program = join(import.meta.dirname, '..', '..', 'dist', 'worker.cjs')

const bytes = (text: string) => new TextEncoder().encode(text)

const crews: WorkerPool[] = []
afterEach(() => Promise.all(crews.splice(0).map(crew => crew.stop())))

function crewOf(options: Partial<CrewOptions> = {}): WorkerPool {
  const crew = new WorkerPool({
    program,
    maps: { named: [] },
    limit: 60_000,
    most: 1,
    memory: 512,
    largest: 2 ** 26,
    ...options,
  })
  crews.push(crew)
  return crew
}

const small = JSON.stringify({ cpus: [hostXml('Penryn')] })
/** Minutes of work: what migrates where among two thousand CPUs. */
const heavy = JSON.stringify({
  documents: [...hostDocuments(2000)].map((text, i) => ({ path: `host-${i}.xml`, text })),
})

const kindOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    error => (error instanceof RequestRefused ? error.kind : error),
  )

test('what takes too long is ended, and the next is answered', async () => {
  const crew = crewOf({ limit: 6000 })
  expect(await kindOf(crew.answer('migrate', bytes(heavy)))).toBe('too-long')
  expect(await crew.answer('baseline', bytes(small))).toMatchObject({ status: 200 })
})

test('one after another where there is one thread; who comes when too many wait is told so', async () => {
  const crew = crewOf({ queue: 2 })
  const asked = Array.from({ length: 5 }, () => kindOf(crew.answer('baseline', bytes(small))))
  expect((await Promise.all(asked)).sort()).toEqual(['answered', 'answered', 'answered', 'busy', 'busy'])
})

test('a client that goes away takes its work along', async () => {
  const crew = crewOf()
  const gone = new AbortController()
  const asked = kindOf(crew.answer('migrate', bytes(heavy), gone.signal))
  gone.abort()
  await asked
  expect(await crew.answer('baseline', bytes(small))).toMatchObject({ status: 200 })
})

test('an answer that comes in pieces is whole', async () => {
  const documents = [...hostDocuments(2000)].map((text, i) => ({ path: `ä-${i}.xml`, text }))
  const { status, body } = await crewOf().answer('hosts', bytes(JSON.stringify({ documents })))
  expect([status, body.length > 2 ** 19]).toEqual([200, true])
  const { hosts } = JSON.parse(new TextDecoder().decode(body)) as { hosts: { host: string }[] }
  expect(hosts.map(({ host }) => host).sort()).toEqual(documents.map(({ path }) => path).sort())
})

test('a refusal of the verb is an answer', async () => {
  expect(await crewOf().answer('baseline', bytes('{}'))).toMatchObject({ status: 400 })
})
