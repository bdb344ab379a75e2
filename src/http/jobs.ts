import type { Context, Hono } from 'hono'
import { SCHEMA_VERSION } from '../questions/question.ts'
import type { AccessVariables } from './access.ts'
import { type HttpAnswer, makeRefusal, RequestRefused } from './answer.ts'

/** How jobs are run, and how much of them is kept. */
export interface JobRules {
  /** Answers a question, until it is given up. */
  readonly answer: (verb: string, body: Uint8Array<ArrayBuffer>, gone: AbortSignal) => Promise<HttpAnswer>
  /** Jobs that run at once; absent: one. */
  readonly running?: number
  /** Jobs that are kept, those done too; absent: 64. */
  readonly most?: number
  /** Bytes of all results; of more the oldest are dropped. */
  readonly bytes: number
  /** How long a result is kept, in milliseconds; absent: ten minutes. */
  readonly keep?: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** A name that nobody can guess. */
  readonly makeId: () => string
  /** Is told of a fault of ours. */
  readonly onFault?: (error: unknown) => void
}

/** `gone`: its result is not kept any more. */
type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'gone'

interface Job {
  readonly id: string
  readonly verb: string
  readonly owner: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly cancel: AbortController
  readonly release: () => void
  state: JobState
  since: number
  result?: HttpAnswer | undefined
}

/** Questions that are answered while nobody waits. A job is seen by whom it belongs to alone. */
export class Jobs {
  readonly #rules: Required<Omit<JobRules, 'onFault'>> & Pick<JobRules, 'onFault'>
  readonly #jobs = new Map<string, Job>()

  constructor(rules: JobRules) {
    this.#rules = { running: 1, most: 64, keep: 600_000, ...rules }
  }

  /**
   * Begins a job, or lets it wait for others.
   * @param release is called when the body is not needed any more
   * @throws RequestRefused where there are too many
   */
  add(verb: string, owner: string, body: Uint8Array<ArrayBuffer>, release: () => void): Job {
    this.#tidy()
    if (this.#jobs.size >= this.#rules.most)
      throw new RequestRefused(
        'busy',
        `there are ${this.#jobs.size} jobs already: ask again later, or delete some`,
      )
    const id = this.#rules.makeId()
    const cancel = new AbortController()
    const job: Job = { id, verb, owner, body, cancel, release, state: 'waiting', since: this.#rules.now() }
    this.#jobs.set(id, job)
    this.#begin()
    return job
  }

  /** @throws RequestRefused for what is not theirs too */
  find(id: string, owner: string): Job {
    this.#tidy()
    const job = this.#jobs.get(id)
    if (job?.owner === owner) return job
    throw new RequestRefused('not-found', `${owner} has no job '${id}'`)
  }

  /** What its owner is told: its state, for how many seconds, how many jobs are before it, and where the result is. */
  describe(job: Job): object {
    const { id, verb, state } = job
    const waiting = [...this.#jobs.values()].filter(one => one.state === 'waiting')
    const seconds = Math.floor((this.#rules.now() - job.since) / 1000)
    return {
      schema: SCHEMA_VERSION,
      ...{ id, verb, state, seconds },
      ...(state === 'waiting' && { before: waiting.indexOf(job) }),
      ...(job.result && { status: job.result.status, result: `/v1/jobs/${id}/result` }),
    }
  }

  /** Ends it, the worker that answers it too, and forgets it. */
  remove(job: Job): void {
    this.#jobs.delete(job.id)
    this.#end(job, 'cancelled')
    job.cancel.abort()
  }

  /** Ends all. */
  stop(): void {
    for (const job of this.#jobs.values()) this.remove(job)
  }

  #begin(): void {
    const all = [...this.#jobs.values()]
    const room = this.#rules.running - all.filter(({ state }) => state === 'running').length
    for (const job of all.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, room)))
      void this.#run(job)
  }

  async #run(job: Job): Promise<void> {
    job.state = 'running'
    job.since = this.#rules.now()
    try {
      const result = await this.#rules.answer(job.verb, job.body, job.cancel.signal)
      this.#finish(job, result.status === 200 ? 'done' : 'failed', result)
    } catch (error) {
      const isKnown = error instanceof RequestRefused
      if (!isKnown) this.#rules.onFault?.(error)
      const refusal = isKnown
        ? makeRefusal(error.kind, error.message)
        : makeRefusal('fault', 'a fault in virt-cpu itself: please report it')
      this.#finish(job, 'failed', refusal)
    } finally {
      this.#begin()
    }
  }

  /** Keeps a result, and drops older ones where all are too many bytes. */
  #finish(job: Job, state: JobState, result: HttpAnswer): void {
    if (job.state !== 'running') return
    job.result = result
    this.#end(job, state)
    let bytes = 0
    for (const one of [...this.#jobs.values()].reverse()) {
      bytes += one.result?.body.length ?? 0
      if (bytes <= this.#rules.bytes || !one.result) continue
      bytes -= one.result.body.length
      one.result = undefined
      one.state = 'gone'
    }
  }

  #end(job: Job, state: JobState): void {
    if (job.state === 'waiting' || job.state === 'running') {
      job.release()
      job.since = this.#rules.now()
      job.state = state
    }
  }

  #tidy(): void {
    const { now, keep } = this.#rules
    for (const job of this.#jobs.values())
      if (job.state !== 'waiting' && job.state !== 'running' && now() - job.since > keep)
        this.#jobs.delete(job.id)
  }
}

type JobContext = Context<{ Variables: AccessVariables }>

/** Adds the routes about jobs. */
export function addJobRoutes<E extends { Variables: AccessVariables }>(app: Hono<E>, jobs: Jobs): void {
  const find = (c: JobContext) => jobs.find(c.req.param('id') ?? '', c.get('who').name)
  app.get('/v1/jobs/:id', context => {
    const c = context as unknown as JobContext
    return c.json(jobs.describe(find(c)))
  })
  app.get('/v1/jobs/:id/result', context => {
    const c = context as unknown as JobContext
    const { result, state, id } = find(c)
    if (result) return c.body(result.body, result.status, { 'content-type': 'application/json' })
    throw new RequestRefused('not-found', `job '${id}' is ${state}: it has no result`)
  })
  app.delete('/v1/jobs/:id', context => {
    const c = context as unknown as JobContext
    const job = find(c)
    jobs.remove(job)
    return c.json({ schema: SCHEMA_VERSION, id: job.id, verb: job.verb, state: 'cancelled', seconds: 0 })
  })
}
