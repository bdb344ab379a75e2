import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type HttpAnswer, RequestRefused } from '../http/answer.ts'

/** The folders of installed maps that a server answers from. */
export interface MapFolders {
  /** Absent: the built-in data. */
  readonly own?: string | undefined
  readonly named: readonly (readonly [name: string, folder: string])[]
}

/** To a thread. */
export interface WorkerRequest {
  readonly verb: string
  /** The request's body; its buffer is moved to the thread. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** From a thread: the answer, or a fault of ours. */
export type WorkerReply = HttpAnswer | { readonly fault: { readonly name: string; readonly message: string } }

export interface CrewOptions {
  /** The program of a thread, `worker.ts` as it was built. */
  readonly program: string
  readonly maps: MapFolders
  /** How long a request may take, in milliseconds. */
  readonly limit: number
  /** Requests at once; absent: as many as there are processors, 4 at most. */
  readonly most?: number
  /** Requests that may wait for others. */
  readonly queue?: number
}

/** Nobody reads it. */
const GONE = 'the client is gone'

/** Megabytes that a thread may take: enough for the largest body of hosts. */
const MEMORY = 1024

/**
 * Threads that answer requests, so that none keeps the server from answering others: each has one at a time, and is
 * ended with it where that takes too long, takes too much memory, or its client goes away.
 */
export class WorkerPool {
  readonly #options: Required<CrewOptions>
  readonly #idle: Worker[] = []
  /** Who waits for a thread. */
  readonly #waiting: (() => void)[] = []
  #busy = 0

  constructor(options: CrewOptions) {
    this.#options = { most: Math.min(4, availableParallelism()), queue: 64, ...options }
    this.#idle.push(this.#start())
  }

  /** Whether the next request would be refused, because as many wait as may. */
  get isFull(): boolean {
    return this.#busy >= this.#options.most && this.#waiting.length >= this.#options.queue
  }

  /** @throws RequestRefused where it takes too long or too much, or too many wait; a fault of ours */
  async answer(verb: string, body: Uint8Array<ArrayBuffer>, gone?: AbortSignal): Promise<HttpAnswer> {
    await this.#turn()
    try {
      if (gone?.aborted) throw new RequestRefused('too-long', GONE)
      const worker = this.#idle.pop() ?? this.#start()
      const heard = await this.#hear(worker, { verb, body }, gone)
      this.#idle.push(worker)
      if ('fault' in heard) throw Object.assign(new Error(heard.fault.message), { name: heard.fault.name })
      return heard
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }

  /** Ends all threads. */
  async stop(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(worker => worker.terminate()))
  }

  /** Who has waited takes over from whom it waited for. */
  #turn(): Promise<void> {
    if (this.isFull)
      throw new RequestRefused('busy', `${this.#waiting.length} requests wait already: ask again later`)
    if (this.#busy >= this.#options.most) return new Promise(resolve => this.#waiting.push(resolve))
    this.#busy++
    return Promise.resolve()
  }

  #start(): Worker {
    const { program, maps } = this.#options
    const worker = new Worker(program, {
      workerData: maps,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    })
    worker.unref()
    return worker
  }

  /** What the thread says; the thread is ended where it says nothing in time. */
  #hear(worker: Worker, asked: WorkerRequest, gone: AbortSignal | undefined): Promise<WorkerReply> {
    const { limit } = this.#options
    return new Promise<WorkerReply>((resolve, reject) => {
      const end = (error: unknown) => {
        release()
        void worker.terminate()
        reject(error)
      }
      const timer = setTimeout(() => {
        const seconds = limit / 1000
        end(
          new RequestRefused(
            'too-long',
            `no answer within ${seconds} s: ask for less, or start with --limit`,
          ),
        )
      }, limit)
      const onMessage = (heard: WorkerReply) => {
        release()
        resolve(heard)
      }
      const onError = (error: Error & { readonly code?: string }) =>
        end(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new RequestRefused('too-much', `it takes more than ${MEMORY} MiB: ask for less at once`)
            : error,
        )
      const onGone = () => end(new RequestRefused('too-long', GONE))
      const release = () => {
        clearTimeout(timer)
        worker.off('message', onMessage).off('error', onError)
        gone?.removeEventListener('abort', onGone)
        worker.unref()
      }
      worker.on('message', onMessage).on('error', onError)
      gone?.addEventListener('abort', onGone)
      worker.ref()
      worker.postMessage(asked, [asked.body.buffer])
    })
  }
}
