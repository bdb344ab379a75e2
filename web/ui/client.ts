import type { Asked, Question, Questions, Told } from '../shared/protocol.ts'

type Answer<Q extends Question> = Awaited<ReturnType<Questions[Q]>>

/** Asks the worker, which does all the work: this thread only draws. */
export class Client {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #next = 1
  /** Is told how far the reading of files has come. */
  onProgress: (done: number, of: number) => void = () => {}

  /** @param code the worker's program: it comes in the page, so that there is nothing to load */
  constructor(code: string) {
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
    this.#worker = new Worker(url)
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Told>) => this.#take(data))
  }

  ask<Q extends Question>(question: Q, ...given: Parameters<Questions[Q]>): Promise<Answer<Q>> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, question, with: given } satisfies Asked)
    })
  }

  #take(told: Told): void {
    if ('progress' in told) {
      this.onProgress(told.progress.done, told.progress.of)
      return
    }
    const waiting = this.#waiting.get(told.id)
    this.#waiting.delete(told.id)
    if ('error' in told) waiting?.reject(new Error(told.error))
    else waiting?.resolve(told.answer as never)
  }
}
