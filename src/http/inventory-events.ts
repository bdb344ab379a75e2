import * as v from 'valibot'
import type { Inventory, InventoryEvent } from '../inventory/inventory.ts'
import { described, text, whole } from '../questions/schema.ts'
import { hashToken } from './access.ts'
import { RequestRefused } from './answer.ts'
import { answerOf, type InventoryRoute, moment, PoolLabel, route, sendJson } from './inventory-routes.ts'

/** What clients are told of; that of a baseline is not stored. */
type Told = Omit<InventoryEvent, 'kind'> & { readonly kind: InventoryEvent['kind'] | 'baseline-changed' }

type Listener = (events: readonly Told[]) => void

/** How often the inventory is asked what happened, and a client hears that nothing did, in ms. */
const PAUSE = 1_000
const HEARTBEAT = 15_000

/** As many clients listen at once. */
const MOST = 256

/** Bytes that may wait for a client: one that reads slower begins anew where it was. */
const MOST_WAITING = 2 ** 20

/** Asks an inventory what happened, once for all who listen. Other servers on its database may have done it. */
export class EventFeed {
  readonly #open: () => Promise<Inventory>
  readonly #ended: AbortSignal | undefined
  readonly #listeners = new Set<Listener>()
  /** Hashes of what pools have in common. */
  readonly #baselines = new Map<string, string>()
  #until: Date | undefined
  #isAsking = false

  constructor(open: () => Promise<Inventory>, ended: AbortSignal | undefined) {
    this.#open = open
    this.#ended = ended
  }

  /** A stream of server-sent events from now on, or from the moment after which a client missed them. */
  async stream(after: Date | undefined, pool: string | undefined): Promise<ReadableStream<Uint8Array>> {
    if (this.#listeners.size >= MOST)
      throw new RequestRefused('busy', `${MOST} clients listen already: ask again later`)
    const inventory = await this.#open()
    this.#until ??= (await inventory.events()).until
    const missed = after ? await this.#missed(inventory, after) : []
    const encoder = new TextEncoder()
    let stop = () => {}
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      const send = (text: string) => {
        controller.enqueue(encoder.encode(text))
        if ((controller.desiredSize ?? 0) < -MOST_WAITING) end()
      }
      const tell: Listener = events => {
        const printed = printEvents(events.filter(event => pool === undefined || event.pool === pool))
        if (printed) send(printed)
      }
      const beat = setInterval(() => send(':\n\n'), HEARTBEAT)
      const end = () => {
        stop()
        controller.close()
      }
      stop = () => {
        clearInterval(beat)
        this.#listeners.delete(tell)
        this.#ended?.removeEventListener('abort', end)
      }
      this.#ended?.addEventListener('abort', end)
      this.#listeners.add(tell)
      send(':\n\n')
      tell(missed)
      void this.#ask()
    }
    const size = (bytes: Uint8Array | undefined) => bytes?.length ?? 0
    return new ReadableStream({ start, cancel: () => stop() }, { highWaterMark: 0, size })
  }

  /** What happened after a moment, up to where those who listen already are. */
  async #missed(inventory: Inventory, after: Date): Promise<readonly Told[]> {
    const all: Told[] = []
    let from = after
    for (;;) {
      const { events, until } = await inventory.events(from)
      const goal = this.#until
      all.push(...events.filter(({ at }) => goal === undefined || at <= goal))
      if (events.length < 1000 || (goal !== undefined && until >= goal)) return all
      from = until
    }
  }

  /** Asks as long as somebody listens. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const inventory = await this.#open()
      await this.#notePools(inventory, undefined)
      while (this.#listeners.size > 0) {
        const { events, until } = await inventory.events(this.#until)
        this.#until = until
        if (events.length > 0) {
          for (const tell of this.#listeners) tell(events)
          const changed = await this.#notePools(inventory, new Set(events.map(({ pool }) => pool)))
          const at = events.at(-1)?.at ?? until
          const told = changed.map(pool => ({ kind: 'baseline-changed' as const, pool, host: undefined, at }))
          for (const tell of this.#listeners) tell(told)
        }
        await new Promise(done => setTimeout(done, PAUSE))
      }
    } catch {
      // The database went away: it is asked again, from where it was.
      setTimeout(() => this.#listeners.size > 0 && void this.#ask(), 2 * PAUSE)
    } finally {
      this.#isAsking = false
      if (this.#listeners.size === 0) this.#until = undefined
    }
  }

  /** Finds out what pools have in common. @returns the labels of those that had something else. */
  async #notePools(inventory: Inventory, pools: ReadonlySet<string> | undefined): Promise<readonly string[]> {
    const found = new Map<string, unknown[]>([...(pools ?? [])].map(pool => [pool, []]))
    const asked = pools === undefined ? [undefined] : [...pools]
    for (const pool of asked)
      for (const { hosts, cpus, ...baseline } of await inventory.poolBaselines(pool))
        found.set(baseline.pool, [...(found.get(baseline.pool) ?? []), baseline])
    const changed: string[] = []
    for (const [pool, baselines] of found) {
      const hash = await hashToken(JSON.stringify(baselines))
      const before = this.#baselines.get(pool)
      if (pools !== undefined && before !== undefined && before !== hash) changed.push(pool)
      this.#baselines.set(pool, hash)
    }
    return changed
  }
}

/** As clients read them. An id stands behind the last of a moment: whoever begins there again misses none. */
const printEvents = (events: readonly Told[]): string =>
  events
    .map(({ kind, host, pool, at, alert }, i) => {
      const isLast = events[i + 1]?.at.getTime() !== at.getTime()
      const id = isLast && kind !== 'baseline-changed' ? `id: ${at.toISOString()}\n` : ''
      return `event: ${kind}\n${id}data: ${JSON.stringify({ host: host ?? null, pool, at, alert })}\n\n`
    })
    .join('')

const LastId = v.pipe(v.string(), v.isoTimestamp(), v.toDate())

const SyncedState = v.strictObject({
  source: text('The folder or repository, without what is secret.'),
  server: text('Which server looks at it.'),
  commit: described(
    v.nullable(v.string()),
    'The commit that the inventory is like; null: it is no repository.',
  ),
  author: described(v.nullable(v.string()), 'Who made that commit.'),
  hosts: whole('How many hosts come from it.'),
  looked: moment('When it was looked at last.'),
  read: described(v.nullable(v.string()), 'When it could be read last.'),
  error: described(v.nullable(v.string()), 'Why it cannot be read; null: it can. Hosts stay as they were.'),
  faults: described(
    v.array(v.strictObject({ file: text('A file.'), message: text('What is wrong with it.') })),
    'Files that cannot be read, the first hundred; hosts that were in them stay as they were.',
  ),
  faultCount: whole('How many there are.'),
})

/** The routes of what happens. */
export const EVENT_ROUTES: readonly InventoryRoute[] = [
  route({
    ...{ method: 'get', path: '/v1/sync', operation: 'sync', role: 'read' },
    summary: 'Show how the inventory stands to the files that it is kept like',
    query: v.strictObject({}),
    answers: {
      200: {
        description: 'each folder and repository',
        schema: answerOf({ sources: v.array(SyncedState) }),
        example: { schema: 2, sources: [] },
      },
    },
    async handle({ c, inventory }) {
      const states = await inventory.synced.states()
      const sources = states.map(({ commit, author, read, error, ...state }) => ({
        ...state,
        ...{ commit: commit ?? null, author: author ?? null, read: read ?? null, error: error ?? null },
      }))
      return sendJson(c, { sources })
    },
  }),
  route({
    ...{ method: 'get', path: '/v1/events', operation: 'events', role: 'read' },
    summary: 'Listen to what happens',
    description:
      'Server-sent events: `host-added`, `host-changed`, `host-removed`, `pinned`, `baseline-changed`, `alert-firing`, `alert-resolved`, each with `{"host", "pool", "at"}`, of alerts their number too, `alert`. With `Last-Event-ID` those that were missed come first, but for `baseline-changed`.',
    query: v.strictObject({ pool: v.optional(PoolLabel) }),
    answers: { 200: { description: 'the events, until the client goes away', type: 'text/event-stream' } },
    async handle({ c, events, query: { pool } }) {
      const last = v.safeParse(LastId, c.req.header('last-event-id'))
      const stream = await events.stream(last.success ? last.output : undefined, pool)
      return new Response(stream, {
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      })
    },
  }),
]
