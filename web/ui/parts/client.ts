import type { PageState } from '../../shared/displays.ts'
import type {
  Action,
  PageActions,
  PageAnswer,
  PageQuestion,
  PageQuestions,
  PageReply,
  PageRequest,
} from '../../shared/protocol.ts'
import { startWorker } from '../../shared/start-worker.ts'

/** Sends requests to the worker, which does all computation: the main thread only draws. */
export class Client {
  readonly #program: Promise<BlobPart>
  #worker: Promise<Worker> | undefined
  /** A plan takes seconds for hundreds of CPUs: a second worker computes it, so that no other request waits. */
  #planner: Promise<Worker> | undefined
  #planId = 0
  /** Every action so far: the planner repeats them to get the same fleet. */
  readonly #actions: PageRequest[] = []
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #nextId = 1
  /** Called while files are read. */
  onProgress: (done: number, of: number) => void = () => {}

  /** @param program the worker's program: it is part of the page, so that nothing has to be loaded, and being unpacked */
  constructor(program: Promise<BlobPart>) {
    this.#program = program
  }

  /** Changes the fleet. */
  act<A extends Action>(action: A, ...input: Parameters<PageActions[A]>): Promise<PageState> {
    const request = this.#request(action, input)
    // Hosts that are opened begin anew, and of those that are read again the last count.
    const stay =
      action === 'open' ? [] : this.#actions.filter(({ name }) => name !== 'refresh' || name !== action)
    this.#actions.splice(0, Number.POSITIVE_INFINITY, ...stay, request)
    const done = this.#send<PageState>(request, () => this.#post(request))
    // What was not done is not repeated.
    done.catch(() => this.#actions.splice(this.#actions.indexOf(request), 1))
    return done
  }

  /** Stops the actions that are not done yet: the fleet stays as it is. */
  cancel(): void {
    for (const { id } of this.#actions)
      if (this.#waiting.has(id)) this.#post({ id, name: 'cancel', input: [] })
  }

  ask<Q extends PageQuestion>(question: Q, ...input: Parameters<PageQuestions[Q]>): Promise<PageAnswer<Q>> {
    const request = this.#request(question, input)
    return this.#send(request, () => {
      if (question === 'plan') this.#plan(request)
      else this.#post(request)
    })
  }

  #request(name: Action | PageQuestion, input: readonly unknown[]): PageRequest {
    return { id: this.#nextId++, name, input }
  }

  #send<T>({ id }: PageRequest, post: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      post()
    })
  }

  #post(request: PageRequest): void {
    this.#worker ??= this.#start(reply => {
      if ('progress' in reply) this.onProgress(reply.progress.done, reply.progress.of)
      else this.#settle(reply)
    })
    this.#tell(this.#worker, [request])
  }

  /** A new request for a plan cancels an unfinished one. */
  #plan(request: PageRequest): void {
    void this.#planner?.then(planner => planner.terminate())
    this.#waiting.delete(this.#planId)
    this.#planId = request.id
    this.#planner = this.#start(reply => {
      if ('id' in reply && reply.id === request.id) this.#settle(reply)
    })
    this.#tell(this.#planner, [...this.#actions, request])
  }

  #tell(worker: Promise<Worker>, requests: readonly PageRequest[]): void {
    worker.then(
      started => {
        for (const request of requests) started.postMessage(request)
      },
      (error: Error) => this.#fail(error.message),
    )
  }

  async #start(receive: (reply: PageReply) => void): Promise<Worker> {
    const worker = startWorker(await this.#program)
    worker.addEventListener('message', ({ data }: MessageEvent<PageReply>) => receive(data))
    worker.addEventListener('error', ({ message }) => this.#fail(message))
    return worker
  }

  /** A worker that ends with an error, such as for lack of memory, answers nothing more. */
  #fail(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(message))
    this.#waiting.clear()
  }

  #settle(reply: Exclude<PageReply, { progress: unknown }>): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(new Error(reply.error))
    else waiting?.resolve(reply.answer as never)
  }
}
