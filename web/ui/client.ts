import type { Asked, Question, Questions, Told } from '../shared/protocol.ts'

export type Answer<Q extends Question> = Awaited<ReturnType<Questions[Q]>>

/** What changes the fleet: whoever asks later must have heard of it. */
const DEEDS: ReadonlySet<Question> = new Set<Question>([
  'add',
  'bake',
  'sample',
  'clear',
  'undo',
  'redo',
  'remove',
  'assign',
])

/** Asks the worker, which does all the work: this thread only draws. */
export class Client {
  readonly #url: string
  readonly #worker: Worker
  /** Plans take seconds for hundreds of CPUs: they are made beside, and nothing else waits for them. */
  #planner: Worker | undefined
  #planning = 0
  readonly #deeds: Asked[] = []
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #next = 1
  /** Is told how far the reading of files has come. */
  onProgress: (done: number, of: number) => void = () => {}

  /** @param code the worker's program: it comes in the page, so that there is nothing to load */
  constructor(code: string) {
    this.#url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
    this.#worker = this.#start(told => {
      if ('progress' in told) this.onProgress(told.progress.done, told.progress.of)
      else this.#take(told)
    })
  }

  ask<Q extends Question>(question: Q, ...given: Parameters<Questions[Q]>): Promise<Answer<Q>> {
    const asked: Asked = { id: this.#next++, question, with: given }
    if (DEEDS.has(question)) this.#deeds.push(asked)
    return new Promise((resolve, reject) => {
      this.#waiting.set(asked.id, { resolve, reject })
      if (question === 'plan') this.#plan(asked)
      else this.#worker.postMessage(asked)
    })
  }

  /** A plan that is still being made is of no use once another is asked for. */
  #plan(asked: Asked): void {
    this.#planner?.terminate()
    this.#waiting.delete(this.#planning)
    this.#planning = asked.id
    this.#planner = this.#start(told => {
      if ('id' in told && told.id === asked.id) this.#take(told)
    })
    for (const deed of this.#deeds) this.#planner.postMessage(deed)
    this.#planner.postMessage(asked)
  }

  #start(take: (told: Told) => void): Worker {
    const worker = new Worker(this.#url)
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => take(data))
    return worker
  }

  #take(told: Exclude<Told, { progress: unknown }>): void {
    const waiting = this.#waiting.get(told.id)
    this.#waiting.delete(told.id)
    if ('error' in told) waiting?.reject(new Error(told.error))
    else waiting?.resolve(told.answer as never)
  }
}
