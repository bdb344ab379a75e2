// Tries random inputs on every reader, question and route, and keeps those that show a fault:
//
//   npm run fuzz -- [--minutes N] [--seed S] [--only reader|question|route[:NAME]]
//
// Inputs are our samples, changed; those that reach new code are changed again. A seed that is printed has the same
// inputs again. What must hold is in fuzz/target.ts: a refusal is in our own words and says where, nothing hangs or
// takes memory without end, equal inputs have equal answers, an answer is as its schema says, no route has a fault.
// Inputs with a fault are made small and written to test/corpus/fuzz, which `npm test` runs. Routes are those of a server
// with an inventory in a folder, or in the PostgreSQL that DATABASE_URL names (scripts/with-postgres.sh). Status 1: there is
// a fault.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { root } from './fuzz/samples.ts'
import { type Campaign, type Message, runCampaign, SharedInput } from './fuzz/worker.ts'

/** How long one input may take before its worker is ended, in milliseconds. */
const HANGS = 30_000

/** Megabytes that a worker may have in memory. */
const MEMORY = 1536

interface Progress {
  round: number
  tried: number
  reached: [string, Uint8Array][]
  readonly known: string[]
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
  const until = Date.now() + Number(values.minutes) * 60_000
  console.log(`fuzz: seed ${seed}${values.only ? `, only ${values.only}` : ''}`)
  const progress: Progress = { round: 0, tried: 0, reached: [], known: [] }
  while (Date.now() < until) await runWorker({ seed, only: values.only, until }, progress)
  const { tried, round, reached, known } = progress
  console.log(
    `${tried} inputs in ${round} rounds, ${reached.length} of them reached new code, ${known.length} faults (seed ${seed})`,
  )
  return known.length === 0 ? 0 : 1
}

/** Until the campaign ends, or the worker must be ended. */
function runWorker(given: Pick<Campaign, 'seed' | 'only' | 'until'>, progress: Progress): Promise<void> {
  const now = new SharedInput(new SharedArrayBuffer(SharedInput.SIZE))
  const { round, reached, known } = progress
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: { campaign: { ...given, round, reached, known }, memory: now.memory },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  })
  return new Promise(resolve => {
    let [count, since] = [-1, Date.now()]
    const watch = setInterval(() => {
      if (now.count !== count) [count, since] = [now.count, Date.now()]
      // The first input waits for all to be loaded.
      if (Date.now() - since > (count === 0 ? 4 : 1) * HANGS) end('hangs')
    }, 1000)
    let isOver = false
    const end = (why?: string) => {
      if (isOver) return
      isOver = true
      clearInterval(watch)
      if (why !== undefined) {
        const { target, input } = now.get()
        keep(progress, target, { kind: why, detail: `after ${HANGS / 1000} s, or ${MEMORY} MB` }, input)
        progress.round++
      }
      void worker.terminate().then(() => resolve())
    }
    worker.on('error', error => end(`the worker ends: ${error.message}`))
    worker.on('exit', () => end('the worker ends: nothing is waited for any more'))
    worker.on('message', (message: Message) => {
      if (message.kind === 'fault') keep(progress, message.target, message.fault, message.input)
      if (message.kind === 'new') progress.reached.push([message.target, message.input])
      if (message.kind === 'round') note(progress, message)
      if (message.kind === 'end') end()
    })
  })
}

function note(progress: Progress, { round, tried, reached }: Extract<Message, { kind: 'round' }>): void {
  progress.round = round + 1
  progress.tried += tried
  if (round < 3 || round % 10 === 0)
    console.log(`round ${round}: ${tried} inputs, ${reached} of them reached new code`)
}

function keep(
  progress: Progress,
  target: string,
  fault: { kind: string; detail: string },
  input: Uint8Array,
): void {
  progress.known.push(`${target.split(':')[0]} ${fault.kind}`)
  const name = `${target.replace(':', '.')}.${createHash('sha256').update(input).digest('hex').slice(0, 8)}`
  const folder = join(root, 'test', 'corpus', 'fuzz')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), input)
  console.log(
    `\n${target}: ${fault.kind}\n  ${fault.detail.split('\n').slice(0, 8).join('\n  ')}\n  test/corpus/fuzz/${name}`,
  )
}

/** A worker: what runs is noted from before our code is loaded. */
async function work(): Promise<void> {
  if (!import.meta.url.includes('?')) {
    const session = new Session()
    session.connect()
    session.post('Profiler.enable')
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await import(`${import.meta.url}?covered`)
  } else if (parentPort) {
    const { campaign, memory } = workerData as {
      readonly campaign: Campaign
      readonly memory: SharedArrayBuffer
    }
    await runCampaign(campaign, parentPort, new SharedInput(memory))
  }
}

if (isMainThread) process.exitCode = await main()
else await work()
