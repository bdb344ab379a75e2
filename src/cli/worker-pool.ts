import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AnswerProgress, type HttpAnswer, type Refusal, RequestRefused } from '../http/answer.ts'
import type { FleetSource } from '../http/inventory-fleet.ts'
import type { FleetOf } from '../inventory/stored-fleet.ts'

/** The folders of installed maps that a server answers from. */
interface MapFolders {
  /** Absent: the built-in data. */
  readonly own?: string | undefined
  readonly named: readonly (readonly [name: string, folder: string])[]
}

/** To a worker. */
export interface WorkerRequest {
  readonly verb: string
  readonly body: Uint8Array<ArrayBuffer>
}

/** What a worker knows from its start. */
export interface WorkerData extends MapFolders {
  /** Bytes that an answer may have. */
  readonly largest: number
  /** Signs of JSON that a body may have. */
  readonly signs: number
  /** Whether there is an inventory. */
  readonly hasFleets: boolean
  /** The folders whose files requests may name; absent: they name none. */
  readonly folders?: readonly string[] | undefined
}

/** MiB: a worker has three such for what does not live long. */
const SEMI_SPACE = 8

/** Values of a request that take a megabyte of a worker's memory, when they are the worst there are. */
const SIGNS_PER_MEGABYTE = 4_000

/** From a worker: the answer, a fault of ours, or which hosts of the inventory it needs first. */
export type WorkerReply =
  | HttpAnswer
  | { readonly fault: { readonly name: string; readonly message: string } }
  | { readonly needs: FleetOf }
  | { readonly progress: AnswerProgress }
  | { readonly piece: Uint8Array }

/** To a worker that needs hosts: how many come, each part of them and that there are no more; or why it does not get them. */
export type FleetReply =
  | { readonly hosts: number }
  | { readonly part: string }
  | { readonly isWhole: true }
  | { readonly refused: { readonly kind: Refusal; readonly message: string } }

/** What ends a request. */
type Heard = HttpAnswer | { readonly fault: { readonly name: string; readonly message: string } }

export interface CrewOptions {
  /** The program of a worker, `worker.ts` as it was built. */
  readonly program: string
  readonly maps: MapFolders
  /** How long a request may take, in milliseconds. */
  readonly limit: number
  /** Requests at once. */
  readonly most: number
  /** Megabytes that the values of one request may take. */
  readonly memory: number
  /** Bytes that an answer may have. */
  readonly largest: number
  /** Requests that may wait for others. */
  readonly queue?: number
  /** The hosts of the inventory; absent: there is none. */
  readonly fleets?: FleetSource | undefined
  /** The folders whose files requests may name; absent: they name none. */
  readonly folders?: readonly string[] | undefined
}

/** How a request is answered. */
interface AnswerOptions {
  /** How long it may take, in milliseconds; absent: as all may. */
  readonly limit?: number | undefined
  /** Is told how far it is. */
  readonly onProgress?: ((progress: AnswerProgress) => void) | undefined
}

/** Nobody reads it. */
const GONE = 'the client is gone'

/** How a process ends that has no memory left: by itself, or by the kernel. */
const OUT_OF_MEMORY: readonly unknown[] = ['SIGABRT', 'SIGKILL', 'SIGTRAP', 134, 137]

/**
 * Processes that answer requests, so that none keeps the server from answering others, or ends it where it takes too
 * much memory: a thread would. Each has one request at a time, and is ended with it where that takes too long or its client
 * goes away.
 */
export class WorkerPool {
  readonly #options: CrewOptions & { readonly queue: number }
  readonly #idle = new Set<ChildProcess>()
  /** Who waits for a worker. */
  readonly #waiting: (() => void)[] = []
  /** Who is served before them. */
  readonly #first: (() => void)[] = []
  #busy = 0

  constructor(options: CrewOptions) {
    this.#options = { queue: 64, ...options }
    this.#idle.add(this.#start())
  }

  /** Whether the next request would be refused, because as many wait as may. */
  get isFull(): boolean {
    return this.#busy >= this.#options.most && this.#waiting.length >= this.#options.queue
  }

  /** How many workers are busy, of how many, and how many requests wait for one. */
  get load(): { readonly busy: number; readonly waiting: number; readonly most: number } {
    return { busy: this.#busy, waiting: this.#first.length + this.#waiting.length, most: this.#options.most }
  }

  /** @throws RequestRefused where it takes too long or too much, or too many wait; a fault of ours */
  async answer(
    verb: string,
    body: Uint8Array<ArrayBuffer>,
    gone?: AbortSignal,
    { limit = this.#options.limit, onProgress }: AnswerOptions = {},
  ): Promise<HttpAnswer> {
    if (this.isFull)
      throw new RequestRefused('busy', `${this.#waiting.length} requests wait already: ask again later`)
    return this.#answer(this.#waiting, { verb, body }, { limit, onProgress }, gone)
  }

  /** The same before all who wait, however many do. */
  answerFirst(verb: string, body: Uint8Array<ArrayBuffer>, limit: number): Promise<HttpAnswer> {
    return this.#answer(this.#first, { verb, body }, { limit })
  }

  async #answer(
    queue: (() => void)[],
    asked: WorkerRequest,
    options: AnswerOptions & { readonly limit: number },
    gone?: AbortSignal,
  ): Promise<HttpAnswer> {
    await this.#turn(queue)
    try {
      if (gone?.aborted) throw new RequestRefused('too-long', GONE)
      const [worker = this.#start()] = this.#idle
      this.#idle.delete(worker)
      const heard = await this.#hear(worker, asked, options, gone)
      this.#idle.add(worker)
      if ('fault' in heard) throw Object.assign(new Error(heard.fault.message), { name: heard.fault.name })
      return heard
    } finally {
      const next = this.#first.shift() ?? this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }

  /** Ends all workers. */
  async stop(): Promise<void> {
    await Promise.all([...this.#idle].map(endWorker))
  }

  /** Who has waited takes over from whom it waited for. */
  #turn(queue: (() => void)[]): Promise<void> {
    if (this.#busy >= this.#options.most) return new Promise(resolve => queue.push(resolve))
    this.#busy++
    return Promise.resolve()
  }

  #start(): ChildProcess {
    const { program, maps, largest, memory, fleets, folders } = this.#options
    const signs = memory * SIGNS_PER_MEGABYTE
    const data: WorkerData = { ...maps, largest, signs, hasFleets: fleets !== undefined, folders }
    const worker = fork(program, [JSON.stringify(data)], {
      execArgv: [`--max-old-space-size=${memory}`, `--max-semi-space-size=${SEMI_SPACE}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    worker.on('exit', () => this.#idle.delete(worker)).on('error', () => this.#idle.delete(worker))
    return hold(worker, false)
  }

  /** What the worker says; the worker is ended where it says nothing in time. */
  #hear(
    worker: ChildProcess,
    asked: WorkerRequest,
    { limit, onProgress }: AnswerOptions & { readonly limit: number },
    gone: AbortSignal | undefined,
  ): Promise<Heard> {
    const { memory } = this.#options
    return new Promise<Heard>((resolve, reject) => {
      const end = (error: unknown) => {
        release()
        // The next worker begins when the memory of this one is free.
        void endWorker(worker).finally(() => reject(error))
      }
      const refuse = (kind: 'too-long' | 'too-much', why: string) => end(new RequestRefused(kind, why))
      const onLate = () =>
        refuse('too-long', `no answer within ${limit / 1000} s: ask for less, or start with --limit`)
      const done = new AbortController()
      const pieces: Uint8Array[] = []
      const onMessage = (heard: WorkerReply) => {
        if ('needs' in heard) {
          this.#give(worker, heard.needs, done.signal).catch(end)
          return
        }
        if ('progress' in heard) {
          onProgress?.(heard.progress)
          return
        }
        if ('piece' in heard) {
          pieces.push(heard.piece)
          return
        }
        release()
        resolve('fault' in heard ? heard : { ...heard, body: joinPieces([...pieces, heard.body]) })
      }
      const onExit = (code: number | null, signal: string | null) =>
        OUT_OF_MEMORY.includes(signal ?? code)
          ? refuse('too-much', `it takes more than ${memory} MiB: ask for less at once`)
          : end(new Error(`a worker ended with ${signal ?? code}`))
      const onGone = () => refuse('too-long', GONE)
      const timer = setTimeout(onLate, limit)
      const release = () => {
        done.abort()
        clearTimeout(timer)
        worker.off('message', onMessage).off('exit', onExit).off('error', end)
        gone?.removeEventListener('abort', onGone)
        hold(worker, false)
      }
      worker.on('message', onMessage).on('exit', onExit).on('error', end)
      gone?.addEventListener('abort', onGone)
      hold(worker, true).send(asked, error => error && end(error))
    })
  }

  /** Sends hosts to a worker that needs them, no faster than it takes them. @throws what the inventory throws */
  async #give(worker: ChildProcess, of: FleetOf, done: AbortSignal): Promise<void> {
    for await (const reply of this.#fleetReplies(of)) {
      if (done.aborted) return
      await new Promise(resolve => worker.send(reply, resolve))
    }
  }

  async *#fleetReplies(of: FleetOf): AsyncGenerator<FleetReply> {
    const { fleets } = this.#options
    try {
      if (!fleets) throw new RangeError('a worker needs hosts, and there is no inventory')
      const { hosts, parts } = await fleets(of)
      yield { hosts }
      for await (const part of parts) yield { part }
      yield { isWhole: true }
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error
      yield { refused: { kind: error.kind, message: error.message } }
    }
  }
}

/** One that is the whole is not copied. */
function joinPieces(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first, ...more] = pieces
  if (first && more.length === 0) return first as Uint8Array<ArrayBuffer>
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Whether this process waits for a worker before it ends. */
function hold(worker: ChildProcess, isHeld: boolean): ChildProcess {
  // Bun's channel cannot be held: it never keeps a program.
  for (const one of [worker, worker.channel]) if (one && 'unref' in one) isHeld ? one.ref() : one.unref()
  return worker
}

async function endWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null || worker.pid === undefined) return
  worker.kill('SIGKILL')
  await once(worker, 'exit')
}
