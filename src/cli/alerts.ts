import { createHash, createHmac, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ARCHITECTURES } from '../arch/registry.ts'
import { globs } from '../core/text.ts'
import { loadYaml } from '../formats/yaml.ts'
import { readWholeText } from '../host/files/files.ts'
import { alertOf, alertsOf, printWebhook } from '../http/alerts.ts'
import { type HttpAnswer, RequestRefused } from '../http/answer.ts'
import type { AlertFigures } from '../http/metrics.ts'
import type { Delivery, FoundAlert, KeepRules, TouchedPool } from '../inventory/alerts.ts'
import { InventoryError } from '../inventory/fault.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { CheckAnswer } from '../questions/check/answer.ts'
import { type Context, contextFor } from '../questions/context.ts'
import { readYaml } from '../questions/input/fleet/fleet-yaml.ts'
import { readRules, secondsOf } from '../questions/input/fleet/read-rules.ts'
import type { FleetFile } from '../questions/input/fleet/rules.ts'
import type { Sections } from '../questions/sections.ts'
import { linesOf } from './command.ts'
import type { RequestLog } from './request-log.ts'
import type { ServeSettings } from './serve-settings.ts'
import { CommandError } from './spec.ts'

declare const __VERSION__: string

type Demanded = NonNullable<FleetFile['requirements']>[number] & { readonly name: string }

/** What a fleet file may say that the inventory says itself. */
const OF_HOSTS = ['hosts', 'guests', 'pools'] as const

/** The requirements of a fleet file, as rules for the pools of an inventory. */
export class AlertRules {
  /** Another where the file, or what judges by it, is another. */
  readonly hash: string
  readonly #context: Context
  readonly #requirements: readonly Demanded[]
  readonly #kept: Readonly<Record<string, string>>
  /** Which requirements mean something on an architecture. */
  readonly #known = new Map<string, readonly Demanded[]>()

  private constructor(context: Context, text: string, { requirements = [], ...file }: FleetFile) {
    this.#context = context
    this.hash = createHash('sha256').update(`${__VERSION__} ${text}`).digest('hex')
    this.#requirements = requirements.map((one, i) => ({ ...one, name: one.name ?? `requirement ${i + 1}` }))
    this.#kept = file['kept-cpus'] ?? {}
  }

  /** @throws FileError, ParseError that says where in the file something is wrong */
  static async read(path: string, context: Context): Promise<AlertRules> {
    await loadYaml()
    const text = readWholeText(path)
    const { content, fault } = readYaml(text, path)
    const rules = readRules(content, fault)
    const file = (content ?? {}) as FleetFile
    for (const key of OF_HOSTS)
      if (file[key] !== undefined)
        throw fault([key], 'which hosts there are says the inventory: leave it out', 'key')
    if (!file.requirements?.length && !file['kept-cpus'])
      throw fault([], 'says what must hold under `requirements:`, for instance: - level: x86-64-v3')
    const arches = ARCHITECTURES.map(({ arches: [...all], name }) => all.at(-1) ?? name)
    const demands = rules.policies(arches.map(arch => contextFor(context, arch)))
    const { systemNeeding } = await import('../map/system-needs.ts')
    for (const { os = [] } of demands.flatMap(({ requirements }) => requirements))
      for (const { name, fault: faultOf } of os) systemNeeding(name, faultOf)
    return new AlertRules(context, text, file)
  }

  /** The times, in seconds, within which hosts must report. */
  get periods(): readonly number[] {
    return [...new Set(this.#requirements.flatMap(one => secondsOf(one['reported-within']) ?? []))]
  }

  /** Requirements that are for none of these pools: as `check` finds them. Before any host has reported nothing is wrong. */
  uncovered(pools: readonly string[]): readonly FoundAlert[] {
    if (pools.length === 0) return []
    return this.#requirements.flatMap(({ name, pools: given }) => {
      const labels = given === undefined ? [] : [given].flat()
      if (labels.length === 0 || pools.some(pool => labels.some(label => globs(label, pool)))) return []
      const text = `no pool is called ${labels.join(' or ')}`
      const subject = { rule: name, kind: 'pools', pool: labels.join(' ') }
      return [alertOf(subject, [{ text, remedy: 'correct the label in the requirement' }], [])]
    })
  }

  /** What a pool is asked with, as `check` takes it. Undefined: nothing is required of it. */
  questionFor(pool: string, arches: readonly string[], isPinned: boolean): object | undefined {
    const requirements = [...new Set(arches.flatMap(arch => this.#requirementsOn(arch)))].filter(
      ({ pools }) => pools === undefined || [pools].flat().some(label => globs(label, pool)),
    )
    const kept = this.#kept[pool]
    if (requirements.length === 0 && kept === undefined && !isPinned) return undefined
    // An `@` in a label is followed by another, which says that no time is meant.
    const from = `inventory:${pool}${pool.includes('@') ? '@' : ''}`
    const fleet = {
      from,
      requirements: requirements.map(({ pools: _, ...one }) => one),
      ...(kept !== undefined && { 'kept-cpus': { [pool]: kept } }),
    }
    return { fleet }
  }

  /** A requirement may name what only some architectures have: then it is about those. */
  #requirementsOn(arch: string): readonly Demanded[] {
    const known = this.#known.get(arch)
    if (known) return known
    const context = contextFor(this.#context, arch)
    const found = this.#requirements.filter(one => {
      try {
        readRules({ requirements: [one] }, (_, what) => new CommandError([what])).policies([context])
        return true
      } catch (error) {
        if (error instanceof CommandError) return false
        throw error
      }
    })
    this.#known.set(arch, found)
    return found
  }
}

/** Holds settings of alerts against each other. @throws CommandError */
export function checkAlerts({ rules, store, webhook, ...settings }: ServeSettings): void {
  const faults: string[] = []
  if (rules && !store) faults.push('--rules are about an inventory: give the server --store too')
  if (!rules && webhook.length > 0) faults.push('--webhook hears of alerts: give the server --rules too')
  if (settings['webhook-secret'] && webhook.length === 0)
    faults.push('--webhook-secret is for receivers: give the server --webhook too')
  if (faults.length > 0) throw new CommandError(faults)
}

/** What receivers know the server by; undefined: nothing. @throws FileError, CommandError */
export function readSecret(
  settings: ServeSettings,
  { VIRT_CPU_WEBHOOK_SECRET: given }: NodeJS.ProcessEnv,
): string | undefined {
  const path = settings['webhook-secret']
  const secret = path ? readWholeText(path).trim() : given?.trim()
  if (path && !secret) throw new CommandError([`${path}: the secret of webhooks is empty`])
  return secret || undefined
}

/** What alerts are made of, and who hears of them. */
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

/** How often it is looked for work, in ms. */
const TURN = 1_000

/** How often it is looked for hosts that do not report, in ms. */
const LATE = 60_000

/** Evaluations of one pool take at most this part of the time. */
const SHARE = 0.1

/** Seconds between tries that fail, at most. */
const LONGEST_WAIT = 300

/** How long a receiver may take, in ms. */
const PATIENCE = 10_000

/** When a pool may be evaluated again, by `performance.now()`, and how often in a row it could not be. */
interface Rest {
  readonly until: number
  readonly failures: number
}

/** Evaluates rules over the pools in which something changed, and tells receivers, as long as it has the lease. */
export class AlertKeeper {
  readonly #options: AlertOptions
  readonly #ended = new AbortController()
  readonly #holder = randomUUID()
  readonly #rests = new Map<string, Rest>()
  /** What `late` said of each period. */
  readonly #late = new Map<number, ReadonlyMap<string, string>>()
  readonly #said = new Map<string, string>()
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
    const renewing = this.#loop('the lease of alerts', RENEW * 500, () => this.#renew())
    const evaluating = this.#loop('alerts', TURN, () => this.#turn())
    const delivering = options.webhooks.map((url, i) =>
      this.#loop(`webhook ${i + 1}`, TURN, () => this.#deliver(url, `webhook ${i + 1}`)),
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

  /** Ends what is under way, and gives the lease back. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#loops)
    if (!this.#leads) return
    const inventory = await this.#options.open().catch(() => undefined)
    await inventory?.alerts.resign(this.#holder).catch(() => {})
  }

  /** Does it again and again; what goes wrong is said once. */
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
    const { patience, webhooks } = this.#options
    return { holder: this.#holder, patience, receivers: webhooks.map(receiverOf) }
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

  /** What was done by another server is not known here. */
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

  /** Of the pools in which other hosts are late than before, and of those that are said to have some. */
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

  /** False: the pool could not be asked, and will be again. */
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

  /** Undefined: it could not be answered. */
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

  /** Sends a receiver what it has not taken yet, oldest first. @throws what says why it did not take it */
  async #deliver(url: string, what: string): Promise<void> {
    while (this.#leads && !this.#ended.signal.aborted) {
      const { alerts } = await this.#inventory
      const due = await alerts.due(receiverOf(url))
      const [first] = due
      if (!first) return
      const problem = await this.#post(url, due)
      this.#counts[problem === undefined ? 'delivered' : 'notDelivered']++
      this.#say(`${what} (${new URL(url).host})`, problem ?? '')
      if (problem === undefined) await alerts.delivered(due)
      else return alerts.postpone(due, Math.min(LONGEST_WAIT, 2 ** first.tries))
    }
  }

  /** Undefined: it was taken. */
  async #post(url: string, due: readonly Delivery[]): Promise<string | undefined> {
    const body = await printWebhook(due, this.#options.server)
    const { username, password, ...at } = partsOf(url)
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(PATIENCE)])
    try {
      const response = await fetch(at.url, {
        ...{ method: 'POST', redirect: 'manual', signal, body },
        headers: {
          'content-type': 'application/json',
          'user-agent': `virt-cpu/${__VERSION__}`,
          ...(username && { authorization }),
          ...(this.#secret !== undefined && signatureOf(this.#secret, body)),
        },
      })
      await response.body?.cancel()
      return response.ok ? undefined : `HTTP ${response.status}: it is tried again`
    } catch (error) {
      const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } }
      return `${name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? name)}: it is tried again`
    }
  }
}

/** What the log says of an error. That the inventory is not open yet it has from the store already. */
function problemOf(error: unknown): string {
  if (error instanceof RequestRefused) return error.kind === 'unavailable' ? '' : error.message
  return (error instanceof InventoryError ? [error.message] : linesOf(error)).join('; ')
}

const isLate = ({ kind, state }: { readonly kind: string; readonly state: string }): boolean =>
  kind === 'reported-within' && state !== 'resolved'

/** What the database calls a receiver: its URL may be a secret. */
const receiverOf = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, 16)

/** Requests take no password in a URL. */
function partsOf(text: string) {
  const url = new URL(text)
  const [username, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = ''
  url.password = ''
  return { url, username, password }
}

/** How a receiver knows who sent a body, and when. */
function signatureOf(secret: string, body: string): Readonly<Record<string, string>> {
  const time = String(Math.floor(Date.now() / 1000))
  const hash = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return { 'x-virt-cpu-timestamp': time, 'x-virt-cpu-signature': `sha256=${hash}` }
}
