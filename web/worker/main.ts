import sample from 'sample:fleet'
import { loadYaml } from '../../src/formats/yaml.ts'
import type { PageReply, PageRequest } from '../shared/protocol.ts'
import { messageOf } from './documents.ts'
import { Engine } from './engine.ts'

const post = (reply: PageReply): void => postMessage(reply)
const engine = new Engine(sample, (done, of) => post({ progress: { done, of } }))

/** Requests are answered one after another: a question waits for the action before it, whose files are still read. */
let last = Promise.resolve()
addEventListener('message', ({ data }: MessageEvent<PageRequest>) => {
  last = last.then(() => answer(data))
})

async function answer({ id, name, input }: PageRequest): Promise<void> {
  try {
    // The page has it anyway, for the fleet file.
    await loadYaml()
    const method = engine[name] as (...input: unknown[]) => unknown
    post({ id, answer: await method.apply(engine, [...input]) })
  } catch (error) {
    post({ id, error: messageOf(error) })
  }
}
