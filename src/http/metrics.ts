import type { Context as HonoContext, MiddlewareHandler } from 'hono'
import { FeatureSet } from '../core/feature-set.ts'
import type { Inventory, PoolBaseline, SyncState } from '../inventory/inventory.ts'
import { levelOf } from '../map/levels.ts'
import { type Context, contextFor, contextOf } from '../questions/context.ts'
import { isQuestion } from '../questions/table.ts'

/** What a server tells of itself when it is asked. */
export interface ServerState {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  readonly workers: () => { readonly busy: number; readonly waiting: number; readonly most: number }
  /** Bytes of bodies and unread answers in memory. */
  readonly held?: () => number
  /** Absent: there is no inventory. */
  readonly open?: (() => Promise<Inventory>) | undefined
  /** What became of evaluations of rules and of deliveries to receivers; absent: there are no rules. */
  readonly alerts?: (() => AlertFigures) | undefined
  /** What levels are read with; absent: the data that comes with this package. */
  readonly context?: Context
}

/** How often a server did what alerts take. */
export interface AlertFigures {
  readonly evaluated: number
  readonly notEvaluated: number
  readonly delivered: number
  readonly notDelivered: number
  /** Whether it is the one that evaluates. */
  readonly leads: boolean
}

/** A metric and its lines, in Prometheus' text format. */
interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly labels?: Readonly<Record<string, string | number>>
  readonly value: number
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string
}

/** Upper bounds of how long answers take, in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60]

/** What of a path tells hosts, pools and tokens apart is no label: there may be a million. */
const LISTS = [
  'hosts',
  'pools',
  'tokens',
  'jobs',
  'alerts',
  'audit-log',
  'changes',
  'events',
  'evidence',
  'sync',
]

function routeOf(path: string): string {
  const [, version, first = '', ...rest] = path.split('/')
  if (version !== 'v1') return ['/', '/healthz', '/readyz', '/metrics'].includes(path) ? path : 'other'
  if (rest.length === 0 && (isQuestion(first) || LISTS.includes(first) || first === 'openapi.json'))
    return path
  return LISTS.includes(first) && rest.length > 0 ? `/v1/${first}/{id}` : 'other'
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']

/** The requests of one route that ended alike. */
interface Tally {
  readonly labels: Readonly<Record<string, string | number>>
  count: number
}

interface Duration {
  readonly route: string
  readonly buckets: number[]
  sum: number
  count: number
}

/** Counts requests, and prints what a server and its inventory are like for Prometheus. */
export class Metrics {
  readonly #state: ServerState
  readonly #tallies = new Map<string, Tally>()
  readonly #durations = new Map<string, Duration>()
  #pools: { readonly at: number; readonly metrics: readonly Metric[] } | undefined

  constructor(state: ServerState) {
    this.#state = state
  }

  /** Counts each request when its answer is ready. */
  readonly count: MiddlewareHandler = async (c: HonoContext, next) => {
    const from = this.#state.now()
    await next()
    const method = METHODS.includes(c.req.method) ? c.req.method : 'other'
    this.#add(routeOf(c.req.path), method, c.res.status, (this.#state.now() - from) / 1000)
  }

  #add(route: string, method: string, status: number, seconds: number): void {
    const key = `${route} ${method} ${status}`
    const tally = this.#tallies.get(key) ?? { labels: { route, method, status }, count: 0 }
    tally.count++
    this.#tallies.set(key, tally)
    const known = this.#durations.get(route) ?? { route, buckets: BUCKETS.map(() => 0), sum: 0, count: 0 }
    BUCKETS.forEach((bound, i) => {
      if (seconds <= bound) known.buckets[i] = (known.buckets[i] ?? 0) + 1
    })
    known.sum += seconds
    known.count++
    this.#durations.set(route, known)
  }

  /** All metrics, as `GET /metrics` returns them. */
  async print(): Promise<string> {
    const pools = await this.#ofPools()
    const up = gauge('store_up', 'Whether the inventory answers.', pools ? 1 : 0)
    const all = [...this.#ofServer(), ...(this.#state.open ? [up] : []), ...(pools ?? [])]
    return all.map(printMetric).join('')
  }

  #ofServer(): Metric[] {
    const { busy, waiting, most } = this.#state.workers()
    const requests = [...this.#tallies.values()].map(({ labels, count }) => ({ labels, value: count }))
    return [
      metric('requests_total', 'counter', 'Requests that were answered.', requests),
      metric(
        'request_duration_seconds',
        'histogram',
        'How long answers took.',
        [...this.#durations.values()].flatMap(samplesOf),
      ),
      gauge('queue_requests', 'Questions that wait for a worker.', waiting),
      gauge('workers_busy', 'Workers that answer a question.', busy),
      gauge('workers', 'Workers that there may be.', most),
      gauge('held_bytes', 'Bytes of bodies and unread answers in memory.', this.#state.held?.() ?? 0),
      ...(this.#state.alerts ? alertMetrics(this.#state.alerts()) : []),
    ]
  }

  /** Undefined: the inventory cannot say. What many ask for is computed four times a minute. */
  async #ofPools(): Promise<readonly Metric[] | undefined> {
    const { open, now, context = contextOf() } = this.#state
    if (!open) return []
    if (this.#pools && now() - this.#pools.at < 15_000) return this.#pools.metrics
    try {
      const inventory = await open()
      const [baselines, changed] = [await inventory.poolBaselines(), await inventory.countChanged(DAY)]
      const alerts = await storedAlertMetrics(inventory)
      const synced = syncMetrics(await inventory.synced.states())
      const all = [...poolMetrics(context, baselines, changed), ...alerts, ...synced]
      this.#pools = { at: now(), metrics: all }
      return this.#pools.metrics
    } catch {
      // That it cannot be asked is what the metric says; the log has why.
      return undefined
    }
  }
}

const DAY = 24 * 60 * 60

/** What became of what one server did. */
function alertMetrics(figures: AlertFigures): Metric[] {
  const results = (done: number, failed: number): Sample[] => [
    { labels: { result: 'done' }, value: done },
    { labels: { result: 'failed' }, value: failed },
  ]
  const { evaluated, notEvaluated, delivered, notDelivered, leads } = figures
  return [
    gauge('alerts_leader', 'Whether this server evaluates the rules.', leads ? 1 : 0),
    metric(
      'alert_evaluations_total',
      'counter',
      'How often rules were evaluated for a pool.',
      results(evaluated, notEvaluated),
    ),
    metric(
      'alert_deliveries_total',
      'counter',
      'How often a receiver was sent alerts.',
      results(delivered, notDelivered),
    ),
  ]
}

/** What the inventory has of alerts, whichever server wrote it. */
async function storedAlertMetrics({ alerts }: Inventory): Promise<Metric[]> {
  const open = (await alerts.count()).map(({ alerts: value, ...labels }) => ({ labels, value }))
  const waiting = await alerts.waiting()
  return [
    metric('alerts', 'gauge', 'Alerts that are not resolved.', open),
    gauge('alert_deliveries_waiting', 'Word of alerts that receivers have not taken yet.', waiting),
  ]
}

function poolMetrics(
  context: Context,
  baselines: readonly PoolBaseline[],
  changed: ReadonlyMap<string, number>,
): Metric[] {
  const each = (name: string, help: string, value: (one: PoolBaseline) => number) =>
    metric(
      name,
      'gauge',
      help,
      baselines.map(one => ({ labels: { pool: one.pool, arch: one.arch }, value: value(one) })),
    )
  const pools = [...new Set([...baselines.map(({ pool }) => pool), ...changed.keys()])]
  return [
    each('pool_hosts', 'Hosts of the pool.', ({ hosts }) => hosts),
    each('pool_cpus', 'Distinct CPUs of the pool.', ({ cpus }) => cpus),
    each(
      'pool_level',
      'The level that guests of the pool are given: 3 is x86-64-v3, 0 none.',
      ({ arch, offered }) => levelNumber(contextFor(context, arch), offered),
    ),
    each('pool_features_offered', 'Features that guests of the pool are given.', one => one.offered.length),
    each(
      'pool_features_lost',
      'Features of some host that guests of the pool are not given.',
      one => one.lost.length,
    ),
    each('pool_features_unknown', 'Features of which nothing is known in the pool.', one => one.unknown),
    metric(
      'pool_hosts_changed',
      'gauge',
      'Hosts that are others than before, or gone, since a day ago.',
      pools.map(pool => ({ labels: { pool }, value: changed.get(pool) ?? 0 })),
    ),
  ]
}

/** Of each folder or repository that the inventory is kept like. */
function syncMetrics(states: readonly SyncState[]): Metric[] {
  const each = (name: string, help: string, value: (state: SyncState) => number) =>
    metric(
      name,
      'gauge',
      help,
      states.map(state => ({ labels: { source: state.source }, value: value(state) })),
    )
  if (states.length === 0) return []
  return [
    each('sync_up', 'Whether the files can be read.', ({ error }) => (error === undefined ? 1 : 0)),
    each('sync_read_timestamp_seconds', 'When the files could be read last.', ({ read }) =>
      read === undefined ? 0 : Date.parse(read) / 1000,
    ),
    each('sync_hosts', 'Hosts that come from files.', ({ hosts }) => hosts),
    each('sync_faults', 'Files that something is wrong with.', ({ faultCount }) => faultCount),
  ]
}

function levelNumber({ cpus: { levels }, db }: Context, offered: readonly string[]): number {
  const features = db.features.setOfNames(offered) ?? FeatureSet.empty
  const level = levelOf(levels, features)
  return level ? levels.indexOf(level) + 1 : 0
}

const metric = (name: string, type: Metric['type'], help: string, samples: readonly Sample[]): Metric => ({
  name: `virt_cpu_${name}`,
  type,
  help,
  samples,
})

const gauge = (name: string, help: string, value: number): Metric => metric(name, 'gauge', help, [{ value }])

function samplesOf({ route, buckets, sum, count }: Duration): Sample[] {
  const bucket = (le: string | number, value: number): Sample => ({
    suffix: '_bucket',
    labels: { route, le },
    value,
  })
  return [
    ...buckets.map((value, i) => bucket(BUCKETS[i] ?? '', value)),
    bucket('+Inf', count),
    { suffix: '_sum', labels: { route }, value: sum },
    { suffix: '_count', labels: { route }, value: count },
  ]
}

function printMetric({ name, type, help, samples }: Metric): string {
  const lines = samples.map(({ suffix = '', labels = {}, value }) => {
    const named = Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`)
    return `${name}${suffix}${named.length > 0 ? `{${named.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

const escaped = (label: string | number): string =>
  String(label).replace(/[\\"\n]/g, sign => ESCAPES[sign] ?? sign)
