import type { Context, Hono } from 'hono'
import { SCHEMA_VERSION } from '../questions/question.ts'
import type { AccessVariables } from './access.ts'
import { type AnswerProgress, type HttpAnswer, makeRefusal, RequestRefused } from './answer.ts'

/** Keeps results for which memory has no room. */
export interface ResultFiles {
  readonly write: (id: string, bytes: Uint8Array) => Promise<void>
  readonly read: (id: string) => ReadableStream<Uint8Array>
  readonly drop: (id: string) => Promise<void>
}

/** How jobs are run, and how much of them is kept. */
export interface JobRules {
  /** Answers a question, until it is given up. */
  readonly answer: (
    verb: string,
    body: Uint8Array<ArrayBuffer>,
    gone: AbortSignal,
    onProgress: (progress: AnswerProgress) => void,
  ) => Promise<HttpAnswer>
  /** Jobs that run at once; absent: one. */
  readonly running?: number
  /** Jobs that are kept, those done too; absent: 64. */
  readonly most?: number
  /** How long a client waits for an answer that then becomes a job, in milliseconds, unless it says itself; absent: 30 s. */
  readonly wait?: number
  /** How long an answer may take that cannot become a job, in milliseconds; absent: a minute. */
  readonly limit?: number
  /** Bytes of results in memory; of more the oldest are kept in files. */
  readonly bytes: number
  /** Absent: results that memory has no room for are dropped. */
  readonly files?:
    | (ResultFiles & { /** Bytes of all files; of more the oldest are dropped. */ readonly most: number })
    | undefined
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

/** An answer that is kept. */
interface Result extends Pick<HttpAnswer, 'status'> {
  readonly size: number
  /** Whether it is in a file, or is being written to one. */
  isFiled: boolean
  /** Absent: it is in its file. */
  body?: HttpAnswer['body'] | undefined
}

/** What is asked, and by whom. */
interface Asked {
  readonly verb: string
  readonly owner: string
  readonly body: Uint8Array<ArrayBuffer>
  /** Is called when the body is not needed any more. */
  readonly release: () => void
}

export interface Job extends Asked {
  readonly id: string
  readonly cancel: AbortController
  state: JobState
  since: number
  progress?: AnswerProgress | undefined
  result?: Result | undefined
}

/** Questions that are answered while nobody waits. A job is seen by whom it belongs to alone. */
export class Jobs {
  readonly #rules: Required<Omit<JobRules, 'onFault' | 'files'>> & Pick<JobRules, 'onFault' | 'files'>
  readonly #jobs = new Map<string, Job>()

  constructor(rules: JobRules) {
    this.#rules = { running: 1, most: 64, wait: 30_000, limit: 60_000, keep: 600_000, ...rules }
  }

  /** How long a client waits, in milliseconds. */
  waitOf(wish: Wish | undefined): number {
    const { wait, limit } = this.#rules
    return wish ? Math.min(wish.ms, limit) : wait
  }

  /**
   * Begins a job, or lets it wait for others.
   * @throws RequestRefused where there are too many
   */
  add(asked: Asked): Job {
    if (this.#isFull())
      throw new RequestRefused(
        'busy',
        `there are ${this.#jobs.size} jobs already: ask again later, or delete some`,
      )
    const job = this.#keep(asked, new AbortController(), 'waiting')
    this.#begin()
    return job
  }

  /**
   * Answers a question while its client waits; what takes longer than that goes on as a job, unless as many run as may.
   * @throws RequestRefused, what the answer throws
   */
  async attend(asked: Asked, gone: AbortSignal, wait: number): Promise<HttpAnswer | Job> {
    const { now, limit } = this.#rules
    // Where requests may not take as long as clients wait, none becomes a job.
    const mayGoOn = wait <= limit
    const cancel = new AbortController()
    const leave = () => cancel.abort()
    gone.addEventListener('abort', leave)
    let progress: AnswerProgress = { stage: 'waiting' }
    let job: Job | undefined
    let began = Number.POSITIVE_INFINITY
    const work = this.#rules.answer(asked.verb, asked.body, cancel.signal, told => {
      if (progress.stage === 'waiting' && told.stage !== 'waiting') began = now()
      progress = told
      if (job) job.progress = told
    })
    try {
      for (let ms = Math.min(wait, limit); !(await settles(work, ms)); ms = Math.min(AGAIN, limit)) {
        if (mayGoOn && this.#room() > 0 && !this.#isFull()) {
          job = this.#keep(asked, cancel, 'running')
          job.progress = progress
          void this.#settle(job, work)
          return job
        }
        if (now() - began < limit) continue
        cancel.abort()
        const fix = mayGoOn ? 'too many jobs run: ask again later' : 'ask for less, or start with --limit'
        throw new RequestRefused('too-long', `no answer within ${limit / 1000} s: ${fix}`)
      }
      return await work
    } finally {
      gone.removeEventListener('abort', leave)
      if (!job) asked.release()
    }
  }

  /** @throws RequestRefused for what is not theirs too */
  find(id: string, owner: string): Job {
    this.#tidy()
    const job = this.#jobs.get(id)
    if (job?.owner === owner) return job
    throw new RequestRefused('not-found', `${owner} has no job '${id}'`)
  }

  /** What its owner is told: its state, for how many seconds, how far it is, how many jobs are before it, and where the result is. */
  describe(job: Job): object {
    const { id, verb, state, progress, result } = job
    const waiting = [...this.#jobs.values()].filter(one => one.state === 'waiting')
    const seconds = Math.floor((this.#rules.now() - job.since) / 1000)
    return {
      schema: SCHEMA_VERSION,
      ...{ id, verb, state, seconds },
      ...(state === 'waiting' && { before: waiting.indexOf(job) }),
      ...(state === 'running' && progress && { stage: progress.stage, share: progress.share ?? null }),
      ...(result && { status: result.status, bytes: result.size, result: `/v1/jobs/${id}/result` }),
    }
  }

  /** The result of a job that is done. */
  resultOf({
    id,
    result,
  }: Job): (Result & { readonly content: HttpAnswer['body'] | ReadableStream }) | undefined {
    const content = result && (result.body ?? this.#rules.files?.read(id))
    return result && content && { ...result, content }
  }

  /** Ends it, the worker that answers it too, and forgets it. */
  remove(job: Job): void {
    this.#forget(job)
    this.#end(job, 'cancelled')
    job.cancel.abort()
  }

  /** Ends all. */
  stop(): void {
    for (const job of this.#jobs.values()) this.remove(job)
  }

  #keep(asked: Asked, cancel: AbortController, state: JobState): Job {
    const { makeId, now } = this.#rules
    const job: Job = { ...asked, id: makeId(), cancel, state, since: now() }
    this.#jobs.set(job.id, job)
    return job
  }

  #isFull(): boolean {
    this.#tidy()
    return this.#jobs.size >= this.#rules.most
  }

  /** How many more jobs may run. */
  #room(): number {
    const running = [...this.#jobs.values()].filter(({ state }) => state === 'running').length
    return Math.max(0, this.#rules.running - running)
  }

  #begin(): void {
    const waiting = [...this.#jobs.values()].filter(({ state }) => state === 'waiting')
    for (const job of waiting.slice(0, this.#room())) {
      job.state = 'running'
      job.since = this.#rules.now()
      const onProgress = (progress: AnswerProgress) => {
        job.progress = progress
      }
      void this.#settle(job, this.#rules.answer(job.verb, job.body, job.cancel.signal, onProgress))
    }
  }

  async #settle(job: Job, work: Promise<HttpAnswer>): Promise<void> {
    try {
      const result = await work
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

  /** Keeps a result, and moves older ones out of memory where all are too many bytes. */
  #finish(job: Job, state: JobState, { status, body }: HttpAnswer): void {
    if (job.state !== 'running') return
    job.result = { status, body, size: body.length, isFiled: false }
    this.#end(job, state)
    const { bytes, files } = this.#rules
    for (const one of this.#beyond(bytes, result => !result.isFiled))
      if (files) void this.#toFile(one, files)
      else this.#lose(one)
  }

  /** The jobs with such results for which newer ones leave no room in so many bytes. */
  #beyond(most: number, counts: (result: Result) => boolean): Job[] {
    let bytes = 0
    return [...this.#jobs.values()].reverse().filter(({ result }) => {
      if (!result || !counts(result)) return false
      bytes += result.size
      if (bytes <= most) return false
      bytes -= result.size
      return true
    })
  }

  async #toFile(job: Job, files: NonNullable<JobRules['files']>): Promise<void> {
    const { id, result } = job
    const { body } = result ?? {}
    if (!result || !body) return
    result.isFiled = true
    for (const one of this.#beyond(files.most, own => own.isFiled)) this.#lose(one)
    try {
      await files.write(id, body)
      result.body = undefined
      if (job.result !== result || !this.#jobs.has(id)) await files.drop(id)
    } catch (error) {
      this.#rules.onFault?.(error)
      this.#lose(job)
    }
  }

  #lose(job: Job): void {
    this.#dropFile(job)
    job.result = undefined
    job.state = 'gone'
  }

  #dropFile({ id, result }: Job): void {
    if (result?.isFiled) this.#rules.files?.drop(id).catch(error => this.#rules.onFault?.(error))
  }

  #end(job: Job, state: JobState): void {
    if (job.state === 'waiting' || job.state === 'running') {
      job.release()
      job.since = this.#rules.now()
      job.state = state
    }
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.id)
    this.#dropFile(job)
  }

  #tidy(): void {
    const { now, keep } = this.#rules
    for (const job of this.#jobs.values())
      if (job.state !== 'waiting' && job.state !== 'running' && now() - job.since > keep) this.#forget(job)
  }
}

/** How often it is asked whether an answer can become a job, in milliseconds. */
const AGAIN = 1_000

/** Whether it settles within so many milliseconds. */
async function settles(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const done = () => true
  try {
    return await Promise.race([work.then(done, done), late])
  } finally {
    clearTimeout(timer)
  }
}

/** How long a client wants to wait. */
interface Wish {
  readonly ms: number
  /** As the answer repeats it. */
  readonly applied: string
}

/** How a client wants to wait: `Prefer: respond-async, wait=10` (RFC 7240). Undefined: it says nothing of it. */
export function readWish(headers: Headers): Wish | undefined {
  const preferences = (headers.get('prefer') ?? '')
    .toLowerCase()
    .split(/[,;]/)
    .map(one => one.trim())
  const seconds = preferences.flatMap(one => /^wait\s*=\s*"?(\d{1,5})"?$/.exec(one)?.[1] ?? [])[0]
  const isAsync = preferences.includes('respond-async')
  if (seconds === undefined) return isAsync ? { ms: 0, applied: 'respond-async' } : undefined
  const applied = `${isAsync ? 'respond-async, ' : ''}wait=${seconds}`
  return { ms: Number(seconds) * 1000, applied }
}

type JobContext = Context<{ Variables: AccessVariables }>

/** Seconds after which it is worth asking again. */
const ASK_AGAIN = '2'

/** Adds the routes about jobs. */
export function addJobRoutes<E extends { Variables: AccessVariables }>(app: Hono<E>, jobs: Jobs): void {
  const find = (c: JobContext) => jobs.find(c.req.param('id') ?? '', c.get('who').name)
  app.get('/v1/jobs/:id', context => {
    const c = context as unknown as JobContext
    const job = find(c)
    if (job.state === 'waiting' || job.state === 'running') c.header('retry-after', ASK_AGAIN)
    return c.json(jobs.describe(job))
  })
  app.get('/v1/jobs/:id/result', context => {
    const c = context as unknown as JobContext
    const job = find(c)
    const result = jobs.resultOf(job)
    if (result)
      return c.body(result.content, result.status, {
        'content-type': 'application/json',
        'content-length': String(result.size),
      })
    throw new RequestRefused('not-found', `job '${job.id}' is ${job.state}: it has no result`)
  })
  app.delete('/v1/jobs/:id', context => {
    const c = context as unknown as JobContext
    const job = find(c)
    jobs.remove(job)
    return c.json({ schema: SCHEMA_VERSION, id: job.id, verb: job.verb, state: 'cancelled', seconds: 0 })
  })
}

/** The answer to a request that goes on as a job. */
export const respondWithJob = (c: JobContext, jobs: Jobs, job: Job, applied?: string): Response =>
  c.json(jobs.describe(job), 202, {
    location: `/v1/jobs/${job.id}`,
    'retry-after': ASK_AGAIN,
    ...(applied !== undefined && { 'preference-applied': applied }),
  })
