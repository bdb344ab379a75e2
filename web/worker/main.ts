import sample from 'sample:fleet'
import type { Asked, Told } from '../shared/protocol.ts'
import { messageOf } from './document.ts'
import { Engine } from './engine.ts'

const post = (told: Told): void => postMessage(told)
const engine = new Engine(sample, (done, of) => post({ progress: { done, of } }))

addEventListener('message', ({ data }: MessageEvent<Asked>) => void answer(data))

async function answer({ id, question, with: given }: Asked): Promise<void> {
  try {
    const ask = engine[question] as (...given: unknown[]) => unknown
    post({ id, answer: await ask.apply(engine, [...given]) })
  } catch (error) {
    post({ id, error: messageOf(error) })
  }
}
