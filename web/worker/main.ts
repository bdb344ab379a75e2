import sample from 'sample:fleet'
import { loadYaml } from '../../src/formats/yaml.ts'
import { CANCELLED, type PageReply, type PageRequest } from '../shared/protocol.ts'
import { messageOf } from './documents.ts'
import { Engine } from './engine.ts'

const post = (reply: PageReply): void => postMessage(reply)
/** The request that is being answered, and those that are to be answered no more. */
let current = 0
const cancelled = new Set<number>()

/** How often progress is reported, in milliseconds: each report draws the page, and lets the browser wait. */
const EVERY = 50
let reported = 0

/** Lets messages come in, so that one that cancels is seen. */
async function report(done: number, of: number): Promise<void> {
  const now = performance.now()
  if (now - reported < EVERY) return
  reported = now
  post({ progress: { done, of } })
  await new Promise(resolve => setTimeout(resolve))
  stopIfCancelled()
}

/** @throws Error of `CANCELLED` */
function stopIfCancelled(): void {
  if (cancelled.delete(current)) throw new Error(CANCELLED)
}

const engine = new Engine(sample, report)

/** Requests are answered one after another: a question waits for the action before it, whose files are still read. */
let last = Promise.resolve()
addEventListener('message', ({ data }: MessageEvent<PageRequest>) => {
  if (data.name === 'cancel') cancelled.add(data.id)
  else last = last.then(() => answer(data, data.name as keyof Engine))
})

async function answer({ id, input }: PageRequest, name: keyof Engine): Promise<void> {
  try {
    current = id
    stopIfCancelled()
    // The page has it anyway, for the fleet file.
    await loadYaml()
    const method = engine[name] as (...input: unknown[]) => unknown
    post({ id, answer: await method.apply(engine, [...input]) })
  } catch (error) {
    post({ id, error: messageOf(error) })
  }
}
