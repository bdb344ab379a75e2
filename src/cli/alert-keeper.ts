import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { alertsOf } from '../http/alerts.ts'
import { type HttpAnswer, RequestRefused } from '../http/answer.ts'
import type { AlertFigures } from '../http/metrics.ts'
import type { FoundAlert, KeepRules, TouchedPool } from '../inventory/alerts.ts'
import { InventoryError } from '../inventory/fault.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { CheckAnswer } from '../questions/check/answer.ts'
import type { Sections } from '../questions/sections.ts'
import type { AlertRules } from './alert-rules.ts'
import { linesOf } from './command.ts'
import type { RequestLog } from './request-log.ts'
import { Webhook } from './webhooks.ts'

/** What alerts are made of, and who receives them. */
interface AlertOptions {
  readonly open: () => Promise<Inventory>
  /** Answers `check`. */
  readonly check: (body: Uint8Array<ArrayBuffer>) => Promise<HttpAnswer>
  readonly rules: AlertRules
  /** Seconds that something is wrong before it fires. */
  readonly patience: number
  readonly webhooks: readonly string[]
  readonly secret: string | undefined
  /** The server's own address, for links. */
  readonly server: string
  readonly log: RequestLog
}

/** Seconds for which a server has the lease, and after which it renews it. */
const LEASE = 15
const RENEW = 4

/** How often the keeper looks for work, in ms. */
const TURN = 1_000

/** How often it looks for hosts that do not report, in ms. */
const LATE = 60_000

/** Evaluations of one pool take at most this part of the time, so that other pools have their turn. */
const SHARE = 0.1

/** Seconds at most until a pool that could not be evaluated is evaluated again. */
const LONGEST_WAIT = 300

/** When a pool may be evaluated again, by `performance.now()`, and how often in a row it could not be. */
interface Rest {
  readonly until: number
  readonly failures: number
}

/**
 * Evaluates rules over the pools in which something changed, and sends alerts to receivers, while it has the lease: of
 * several servers on one database one does.
 */
export class AlertKeeper {
  readonly #options: AlertOptions
  readonly #ended = new AbortController()
  readonly #holder = randomUUID()
  readonly #rests = new Map<string, Rest>()
  /** The late hosts by pool, as the database last said, for each period. */
  readonly #late = new Map<number, ReadonlyMap<string, string>>()
  /** The last problem of each task, empty once it went well. */
  readonly #said = new Map<string, string>()
  readonly #webhooks: readonly Webhook[]
  readonly #loops: readonly Promise<void>[]
  readonly #counts = { evaluated: 0, notEvaluated: 0, delivered: 0, notDelivered: 0 }
  #rules: AlertRules
  #secret: string | undefined
  #leadsUntil = 0
  #renewed = Number.NEGATIVE_INFINITY
  #lookedForLate = Number.NEGATIVE_INFINITY
  #uncovered: string | undefined

  constructor(options: AlertOptions) {
    this.#options = options
    this.#rules = options.rules
    this.#secret = options.secret
    const ended = this.#ended.signal
    this.#webhooks = options.webhooks.map(
      (url, i) => new Webhook(url, i + 1, { server: options.server, ended, secret: () => this.#secret }),
    )
    const renewing = this.#loop('the lease of alerts', RENEW * 500, () => this.#renew())
    const evaluating = this.#loop('alerts', TURN, () => this.#turn())
    const delivering = this.#webhooks.map(webhook =>
      this.#loop(webhook.name, TURN, () => this.#deliver(webhook)),
    )
    this.#loops = [renewing, evaluating, ...delivering]
  }

  /** Goes on with other rules. */
  replace(rules: AlertRules, secret: string | undefined): void {
    this.#rules = rules
    this.#secret = secret
    this.#renewed = Number.NEGATIVE_INFINITY
    this.#uncovered = undefined
  }

  readonly figures = (): AlertFigures => ({ ...this.#counts, leads: this.#leads })

  get #leads(): boolean {
    return performance.now() < this.#leadsUntil
  }

  /** Ends what is under way, and gives the lease back, so that another server leads at once. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#loops)
    if (!this.#leads) return
    const inventory = await this.#options.open().catch(() => undefined)
    await inventory?.alerts.resign(this.#holder).catch(() => {})
  }

  /** Runs it again and again until the keeper stops; each problem is logged once. */
  async #loop(what: string, ms: number, run: () => Promise<void>): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      try {
        await run()
        this.#say(what, '')
      } catch (error) {
        if (!signal.aborted) this.#say(what, problemOf(error))
      }
      await pause(ms, undefined, { signal }).catch(() => {})
    }
  }

  #say(what: string, problem: string): void {
    if ((this.#said.get(what) ?? '') === problem) return
    this.#said.set(what, problem)
    if (problem) this.#options.log.fault([`${what}: ${problem}`], undefined)
    else this.#options.log.note(`${what}: well again`)
  }

  get #inventory(): Promise<Inventory> {
    return this.#options.open()
  }

  get #keepRules(): KeepRules {
    const receivers = this.#webhooks.map(({ receiver }) => receiver)
    return { holder: this.#holder, patience: this.#options.patience, receivers }
  }

  async #renew(): Promise<void> {
    const now = performance.now()
    if (this.#leads && now - this.#renewed < RENEW * 1000) return
    const { alerts } = await this.#inventory
    const led = this.#leads
    if (!(await alerts.lead(this.#holder, LEASE, this.#rules.hash))) {
      this.#leadsUntil = 0
      return
    }
    if (!led) await this.#begin(alerts)
    this.#renewed = now
    this.#leadsUntil = now + LEASE * 1000
  }

  /** Begins to lead: what another server did before is not known here. */
  async #begin(alerts: Inventory['alerts']): Promise<void> {
    this.#late.clear()
    this.#lookedForLate = Number.NEGATIVE_INFINITY
    this.#uncovered = undefined
    const dropped = await alerts.tidy()
    if (dropped > 0) this.#options.log.fault([`${dropped} alerts were never taken by a webhook`], undefined)
  }

  async #turn(): Promise<void> {
    if (!this.#leads) return
    const inventory = await this.#inventory
    await this.#lookForLate(inventory)
    const touched = await inventory.alerts.touched()
    if (touched.length > 0 || this.#uncovered === undefined) await this.#evaluate(inventory, touched)
    if (this.#options.patience > 0) await inventory.alerts.ripen(this.#keepRules)
  }

  /** Marks pools for evaluation: those in which other hosts are late than before, and those with an open alert about late hosts. */
  async #lookForLate({ alerts }: Inventory): Promise<void> {
    const now = performance.now()
    if (now - this.#lookedForLate < LATE) return
    this.#lookedForLate = now
    for (const period of this.#rules.periods) {
      const late = await alerts.late(period)
      const before = this.#late.get(period)
      const open = before ? [] : (await alerts.list({ limit: 1000 })).filter(isLate).map(({ pool }) => pool)
      const pools = [...new Set([...late.keys(), ...(before?.keys() ?? []), ...open])]
      const others = pools.filter(pool => !before || late.get(pool) !== before.get(pool))
      if (others.length > 0) await alerts.touch(others)
      this.#late.set(period, late)
    }
  }

  async #evaluate(inventory: Inventory, touched: readonly TouchedPool[]): Promise<void> {
    const pools = await inventory.pools()
    const labels = pools.filter(({ hosts }) => hosts > 0).map(({ pool }) => pool)
    const uncovered = this.#rules.uncovered(labels)
    if (this.#uncovered !== JSON.stringify(uncovered)) {
      const kept = { pool: undefined, notes: [], found: uncovered }
      if (await inventory.alerts.keep(kept, this.#keepRules)) this.#uncovered = JSON.stringify(uncovered)
    }
    const pinned = new Set(pools.flatMap(({ pool, pinned: by }) => (by ? [pool] : [])))
    for (const one of touched) {
      if (this.#ended.signal.aborted || !this.#leads) return
      const { until = 0, failures = 0 } = this.#rests.get(one.pool) ?? {}
      if (performance.now() < until) continue
      const begin = performance.now()
      const isDone = await this.#evaluatePool(inventory, one, pinned.has(one.pool))
      this.#counts[isDone ? 'evaluated' : 'notEvaluated']++
      const took = performance.now() - begin
      const wait = isDone ? took / SHARE : Math.min(LONGEST_WAIT, 2 ** failures) * 1000
      this.#rests.set(one.pool, { until: begin + wait, failures: isDone ? 0 : failures + 1 })
    }
  }

  /** @returns false where the pool could not be evaluated: it is tried again */
  async #evaluatePool(
    inventory: Inventory,
    { pool, notes }: TouchedPool,
    isPinned: boolean,
  ): Promise<boolean> {
    const arches = (await inventory.poolBaselines(pool)).map(({ arch }) => arch)
    const question = arches.length > 0 ? this.#rules.questionFor(pool, arches, isPinned) : undefined
    const found = question ? await this.#ask(pool, question) : []
    if (!found) return false
    await inventory.alerts.keep({ pool, notes, found }, this.#keepRules)
    return true
  }

  /** @returns undefined where the question could not be answered */
  async #ask(pool: string, question: object): Promise<readonly FoundAlert[] | undefined> {
    const what = `rules for ${pool || 'no pool'}`
    try {
      const { status, body } = await this.#options.check(new TextEncoder().encode(JSON.stringify(question)))
      const answer = JSON.parse(new TextDecoder().decode(body))
      this.#say(what, status === 200 || status === 404 ? '' : answer.error.message)
      if (status === 200) return alertsOf(pool, answer as CheckAnswer | Sections<CheckAnswer>)
      // Its last host is gone.
      return status === 404 ? [] : undefined
    } catch (error) {
      this.#say(what, problemOf(error))
      return undefined
    }
  }

  /** Sends a receiver what it has not taken yet, until nothing is due or it does not take it. */
  async #deliver(webhook: Webhook): Promise<void> {
    while (this.#leads && !this.#ended.signal.aborted) {
      const problem = await webhook.deliver(await this.#inventory)
      if (problem === undefined) return
      this.#counts[problem === '' ? 'delivered' : 'notDelivered']++
      this.#say(webhook.title, problem)
      if (problem !== '') return
    }
  }
}

/** What the log says of an error. Empty: the inventory is not open yet, which the store has logged already. */
function problemOf(error: unknown): string {
  if (error instanceof RequestRefused) return error.kind === 'unavailable' ? '' : error.message
  return (error instanceof InventoryError ? [error.message] : linesOf(error)).join('; ')
}

const isLate = ({ kind, state }: { readonly kind: string; readonly state: string }): boolean =>
  kind === 'reported-within' && state !== 'resolved'
