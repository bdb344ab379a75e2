import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { PageParts } from '../ui/parts/inventory.ts'
import { readRoute } from '../ui/parts/route.ts'
import { formatCount } from '../ui/parts/text.ts'
import {
  askServer,
  type CountedPool,
  type EventAnswer,
  fetchHosts,
  hearEvents,
  MOST_HOSTS,
  query,
  ServerRefusal,
  type TimelineAnswer,
  TooMany,
} from './server.ts'
import { formatTime, namePool, poolOfRoute } from './words.ts'

/** How fresh what is shown is. */
export interface Freshness {
  readonly is: 'live' | 'connecting' | 'lost'
  readonly since?: number
}

/** What went wrong, or is to be done first. */
export interface Trouble {
  readonly status: number
  readonly text: string
}

/** What of the inventory the page shows, by its pools. */
export interface Overview {
  readonly pools: readonly CountedPool[]
  readonly timeline: TimelineAnswer
}

const troubleOf = (error: unknown): Trouble => ({
  status: error instanceof ServerRefusal ? error.status : 0,
  text: error instanceof TypeError ? 'The server cannot be reached.' : String((error as Error).message),
})

const isAborted = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'

/** The pools and the line of time; asked again where `version` is another. */
export function useOverview(pool: string | undefined, version: number, fail: (error: unknown) => void) {
  const [overview, setOverview] = useState<Overview>()
  useEffect(() => {
    const gone = new AbortController()
    const load = async () => {
      const [{ pools }, timeline] = await Promise.all([
        askServer<{ readonly pools: readonly CountedPool[] }>('/v1/pools', gone.signal),
        askServer<TimelineAnswer>(`/v1/timeline${query({ pool })}`, gone.signal),
      ])
      setOverview({ pools, timeline })
    }
    load().catch(error => isAborted(error) || fail(error))
    return () => gone.abort()
  }, [pool, version])
  return overview
}

/** What hosts are called in a title or a saved page. */
const nameOf = (pool: string | undefined, at: string | undefined): string =>
  `${pool === undefined ? 'all pools' : `pool ${namePool(pool)}`}${at ? `, ${formatTime(at)}` : ''}`

/** Opens the hosts that the route names, and again where `version` is another. */
export function useHosts(
  { route, client, apply }: PageParts,
  {
    overview,
    version,
    fail,
  }: {
    readonly overview: Overview | undefined
    readonly version: number
    readonly fail: (error: unknown) => void
  },
) {
  const { inventory, at, since } = route
  const pool = poolOfRoute(inventory)
  const [loading, setLoading] = useState(false)
  const isReady = overview !== undefined
  useEffect(() => {
    if (inventory === undefined || !overview) return undefined
    const gone = new AbortController()
    const open = async () => {
      const total = countIn(overview.pools, pool)
      if (!at && total > MOST_HOSTS) throw new TooMany(formatCount(total, 'host'))
      const hosts = await fetchHosts(pool, at, gone.signal)
      if (gone.signal.aborted) return
      await apply(client.act('open', hosts, nameOf(pool, at)))
      if (!since) return
      const then = later(since, overview.timeline.from)
      const before = await fetchHosts(pool, then, gone.signal)
      if (!gone.signal.aborted) await apply(client.act('compareWithStored', before, nameOf(pool, then)))
    }
    setLoading(true)
    fail(undefined)
    open()
      .catch(async error => {
        if (isAborted(error) || gone.signal.aborted) return
        fail(error)
        // What is shown would be taken for what was asked for.
        await apply(client.act('clear'))
      })
      .finally(() => gone.signal.aborted || setLoading(false))
    return () => gone.abort()
  }, [inventory, at, since, version, isReady])
  return loading
}

export const countIn = (pools: readonly CountedPool[], pool: string | undefined): number =>
  pools.reduce((sum, one) => (pool === undefined || one.pool === pool ? sum + one.hosts : sum), 0)

/** The later of two times: before the first report there is nothing to compare with. */
const later = (time: string, first: string | null): string =>
  first !== null && Date.parse(first) > Date.parse(time) ? first : time

/** Between two readings passes at least so long, and five times as long as one takes. */
const LEAST_PAUSE = 2_000

/** Longest pause before the server is tried again, in ms. */
const LONGEST_PAUSE = 30_000

/** Follows what happens to the hosts that are shown, and reads them again. */
export function useLive(
  { route, client, apply, state }: PageParts,
  {
    overview,
    version,
    onRead,
    fail,
  }: {
    readonly overview: Overview | undefined
    readonly version: number
    readonly onRead: () => void
    readonly fail: (error: unknown) => void
  },
) {
  const { inventory, at } = route
  const pool = poolOfRoute(inventory)
  const [freshness, setFreshness] = useState<Freshness>({ is: 'connecting' })
  const [news, setNews] = useState('')
  const [newer, setNewer] = useState('')
  const serverVersion = useRef('')
  const isShown = inventory !== undefined && !at && state?.isStored === true
  const checkVersion = useCallback(async () => {
    const { version: now } = await askServer<{ readonly version: string }>('/healthz')
    if (serverVersion.current && serverVersion.current !== now) setNewer(now)
    serverVersion.current ||= now
  }, [])
  useEffect(() => {
    if (!isShown) return undefined
    const gone = new AbortController()
    const waiting: EventAnswer[] = []
    let isReading = false
    const readAgain = async () => {
      while (waiting.length > 0 && !gone.signal.aborted) {
        const started = performance.now()
        const told = waiting.splice(0)
        const hosts = await fetchHosts(pool, undefined, gone.signal)
        await apply(client.act('refresh', hosts, nameOf(pool, undefined)))
        onRead()
        setNews(describeNews(told.filter(event => pool === undefined || event.pool === pool)))
        await sleep(Math.max(LEAST_PAUSE, 5 * (performance.now() - started)), gone.signal)
      }
    }
    const onEvents = (events: readonly EventAnswer[]) => {
      // A host that changed elsewhere may have been here before.
      const ours = events.filter(
        ({ kind, pool: own }) =>
          kind in KINDS && (pool === undefined || own === pool || kind === 'host-changed'),
      )
      waiting.push(...ours)
      if (isReading) return
      isReading = true
      readAgain()
        .catch(error => {
          if (!isAborted(error)) fail(error)
        })
        .finally(() => {
          isReading = false
        })
    }
    void follow(gone.signal, { after: overview?.timeline.to, setFreshness, onEvents, checkVersion, fail })
    return () => gone.abort()
  }, [isShown, pool, version])
  return { freshness, news, newer }
}

interface Following {
  /** From when on it listens, by the database's clock. */
  readonly after: string | undefined
  readonly setFreshness: (is: Freshness) => void
  readonly onEvents: (events: readonly EventAnswer[]) => void
  readonly checkVersion: () => Promise<void>
  readonly fail: (error: unknown) => void
}

/** Listens, and again after a break, from where it was. */
async function follow(signal: AbortSignal, { after, setFreshness, onEvents, checkVersion, fail }: Following) {
  let last = after
  let lostSince: number | undefined
  let pause = 1_000
  setFreshness({ is: 'connecting' })
  while (!signal.aborted) {
    try {
      await checkVersion()
      await hearEvents(last, {
        signal,
        onOpen: () => {
          lostSince = undefined
          pause = 1_000
          setFreshness({ is: 'live' })
        },
        onEvents: (events, id) => {
          last = id ?? last
          onEvents(events)
        },
      })
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ServerRefusal && [401, 403].includes(error.status)) {
        fail(error)
        return
      }
    }
    if (signal.aborted) return
    lostSince ??= Date.now()
    setFreshness({ is: 'lost', since: lostSince })
    await sleep(pause, signal).catch(() => {})
    pause = Math.min(LONGEST_PAUSE, 2 * pause)
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

const KINDS: Readonly<Record<string, string>> = {
  'host-added': 'added',
  'host-changed': 'changed',
  'host-removed': 'removed',
  pinned: '',
}

function describeNews(told: readonly EventAnswer[]): string {
  const parts = Object.entries(KINDS).flatMap(([kind, word]) => {
    const hosts = [...new Set(told.flatMap(one => (one.kind === kind ? (one.host ?? []) : [])))]
    if (hosts.length === 0) return []
    return [`${hosts.length > 3 ? formatCount(hosts.length, 'host') : hosts.join(', ')} ${word}`]
  })
  const pinned = told.some(({ kind }) => kind === 'pinned') ? ['a pool’s CPU was pinned'] : []
  return [...parts, ...pinned].join('; ')
}

/** What went wrong last; `fail(undefined)` forgets it. */
export function useTrouble() {
  const [trouble, setTrouble] = useState<Trouble>()
  const fail = useCallback((error: unknown) => {
    setTrouble(
      error === undefined
        ? undefined
        : error instanceof TooMany
          ? { status: 413, text: error.message }
          : troubleOf(error),
    )
  }, [])
  return { trouble, fail }
}

/** Shows the files again that the address names, after a step back in the browser's history. */
export function useFilesAgain({ client, apply, state }: PageParts): void {
  const isStored = useRef(false)
  isStored.current = state?.isStored ?? false
  useEffect(() => {
    const onBack = () => {
      if (isStored.current && readRoute().inventory === undefined)
        void showFiles(client, apply, readRoute().fleet)
    }
    addEventListener('popstate', onBack)
    return () => removeEventListener('popstate', onBack)
  }, [])
}

export async function showFiles(
  client: PageParts['client'],
  apply: PageParts['apply'],
  fleet: string | undefined,
) {
  await apply(client.act('clear'))
  if (fleet) await apply(client.act('restore', fleet))
}
