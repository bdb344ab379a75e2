import { useEffect, useRef, useState } from 'preact/hooks'
import type { PageParts } from '../ui/parts/inventory.ts'
import { NO_INVENTORY } from '../ui/parts/route.ts'
import { formatCount } from '../ui/parts/text.ts'
import { Changes } from './changes.tsx'
import { HostDialog } from './host.tsx'
import { type CountedPool, keepToken, MOST_HOSTS } from './server.ts'
import { TimeLine } from './time-line.tsx'
import {
  countIn,
  type Freshness,
  type Overview,
  showFiles,
  type Trouble,
  useFilesAgain,
  useHosts,
  useLive,
  useOverview,
  useTrouble,
} from './use-inventory.ts'
import { formatTime, namePool, poolOfRoute } from './words.ts'

/** What of the server's inventory is shown: which hosts, as of when, and how fresh. */
export function Bar(page: PageParts) {
  const { route, navigate } = page
  const { inventory, at } = route
  const pool = poolOfRoute(inventory)
  const { trouble, fail } = useTrouble()
  /** What was asked for before a token was given, or that hosts changed. */
  const [asked, setAsked] = useState(0)
  const [reads, setReads] = useState(0)
  const overview = useOverview(pool, asked + reads, fail)
  const loading = useHosts(page, { overview, version: asked, fail })
  const live = useLive(page, { overview, version: asked, onRead: () => setReads(count => count + 1), fail })
  useFilesAgain(page)
  const again = () => {
    fail(undefined)
    setAsked(count => count + 1)
  }
  const isShown = inventory !== undefined
  return (
    <section class="inventory" aria-label="Inventory">
      <div class="row">
        <Source {...page} />
        {isShown && overview && <Pools {...{ navigate, inventory }} pools={overview.pools} />}
        {isShown && overview && <SinceSelect {...{ route, navigate, overview }} />}
        {isShown && overview && (
          <button type="button" onClick={() => navigate({ changes: 'yes' })}>
            Changes…
          </button>
        )}
        {isShown && <State {...{ at, loading, freshness: live.freshness }} />}
      </div>
      {isShown && overview?.timeline.from && (
        <TimeLine {...{ at, navigate }} from={overview.timeline.from} timeline={overview.timeline} />
      )}
      <p role="status" class="news">
        {live.newer
          ? `The server is ${live.newer} now: load this page again.`
          : live.news && !at && isShown && live.news}
      </p>
      {trouble && <TroubleCard {...{ trouble, again }} />}
      {isShown && overview && !trouble && countIn(overview.pools, undefined) === 0 && <NoHosts />}
      {route.changes && overview && <Changes {...{ route, navigate, overview }} />}
      {route.stored && <HostDialog {...page} id={route.stored} key={route.stored} />}
    </section>
  )
}

/** Which of the two is shown: the hosts of the server, or files. */
function Source({ route, navigate, client, apply, state }: PageParts) {
  const { inventory, fleet } = route
  const files = useRef<string | undefined>(undefined)
  const pools = useRef('*')
  if (fleet) files.current = fleet
  if (inventory) pools.current = inventory
  const showInventory = () =>
    navigate({ inventory: pools.current, fleet: undefined, sample: undefined, pool: undefined })
  const show = () => {
    navigate({ ...NO_INVENTORY, pool: undefined, fleet: files.current })
    void showFiles(client, apply, files.current)
  }
  const isFiles = inventory === undefined
  return (
    <fieldset class="source">
      <legend class="unseen">Shown are</legend>
      <button type="button" aria-pressed={!isFiles} onClick={() => isFiles && showInventory()}>
        Inventory
      </button>
      <button type="button" aria-pressed={isFiles} onClick={() => isFiles || show()}>
        {isFiles && state && state.hosts > 0 ? `Files · ${formatCount(state.hosts, 'host')}` : 'Files'}
      </button>
    </fieldset>
  )
}

interface PoolsProps {
  readonly inventory: string
  readonly pools: readonly CountedPool[]
  readonly navigate: PageParts['navigate']
}

function Pools({ inventory, pools, navigate }: PoolsProps) {
  const total = countIn(pools, undefined)
  return (
    <label>
      <span class="unseen">Hosts of</span>
      <select
        value={inventory}
        onChange={({ currentTarget: { value } }) => navigate({ inventory: value, pool: undefined })}
      >
        <option value="*" selected={inventory === '*'}>
          {`all pools · ${formatCount(total, 'host')}${total > MOST_HOSTS ? ', too many' : ''}`}
        </option>
        {pools.map(({ pool, hosts }) => (
          <option key={pool} value={`=${pool}`} selected={inventory === `=${pool}`}>
            {`${namePool(pool)} · ${formatCount(hosts, 'host')}`}
          </option>
        ))}
      </select>
    </label>
  )
}

const DAY = 24 * 3600 * 1000

/** Times to compare with, in the browser's zone. */
function times(now: Date): readonly (readonly [string, Date])[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const back = (days: number) =>
    new Date(midnight.getFullYear(), midnight.getMonth(), midnight.getDate() - days)
  return [
    ['an hour ago', new Date(now.getTime() - DAY / 24)],
    ['today’s begin', midnight],
    ['yesterday', back(1)],
    ['Monday', back((midnight.getDay() + 6) % 7)],
    ['a week ago', back(7)],
    ['a month ago', back(30)],
  ]
}

type SinceProps = Pick<PageParts, 'route' | 'navigate'> & { readonly overview: Overview }

/** Opens Before and after, between a time and what is shown. */
function SinceSelect({ route, navigate, overview }: SinceProps) {
  const { at, since } = route
  const [isDate, setIsDate] = useState(false)
  const compare = (time: Date | undefined) => {
    setIsDate(false)
    navigate({ since: time?.toISOString(), ...(time && { view: 'drift', older: 'yes' }) })
  }
  const choices = times(new Date(at ?? overview.timeline.to))
  return (
    <>
      <label>
        <span class="unseen">What changed since</span>
        <select
          value={since ? 'chosen' : ''}
          onChange={({ currentTarget: { value } }) => {
            if (value === 'date') setIsDate(true)
            else if (value !== 'chosen') compare(choices[Number(value)]?.[1])
          }}
        >
          {since && <option value="chosen" selected>{`since ${formatTime(since)}`}</option>}
          <option value="">{since ? 'compare no more' : 'What changed since…'}</option>
          {choices.map(([name], i) => (
            <option key={name} value={i}>
              {`since ${name}`}
            </option>
          ))}
          <option value="date">since a date…</option>
        </select>
      </label>
      {isDate && (
        <label>
          since{' '}
          <input
            type="date"
            max={(at ?? overview.timeline.to).slice(0, 10)}
            onChange={({ currentTarget: { valueAsNumber, value } }) =>
              Number.isNaN(valueAsNumber) || compare(new Date(`${value}T00:00`))
            }
          />
        </label>
      )}
    </>
  )
}

interface StateProps {
  readonly at: string | undefined
  readonly loading: boolean
  readonly freshness: Freshness
}

function State({ at, loading, freshness }: StateProps) {
  const [kind, text] = loading
    ? ['wait', 'opening…']
    : at
      ? ['past', `as it was ${formatTime(at)}`]
      : wordsOf(freshness)
  return (
    <span class={`state ${kind}`} role="status">
      {text}
    </span>
  )
}

function wordsOf({ is, since = 0 }: Freshness): readonly [string, string] {
  if (is === 'live') return ['live', 'live']
  if (is === 'connecting') return ['wait', 'connecting…']
  return ['lost', `reconnecting: stale since ${new Date(since).toLocaleTimeString()}`]
}

const NEEDS_TOKEN = 401

function TroubleCard({
  trouble: { status, text },
  again,
}: {
  readonly trouble: Trouble
  readonly again: () => void
}) {
  if (status === NEEDS_TOKEN) return <TokenForm {...{ text, again }} />
  const what =
    status === 413
      ? `These are ${text}: the page opens ${formatCount(MOST_HOSTS, 'host')} at most. Choose a pool; the search finds every host all the same.`
      : status === 403
        ? `Your token may not see this: ${text}. Ask for one with the role read.`
        : text
  return (
    <div class="error-card" role="alert">
      <p>{what}</p>
      {status !== 413 && (
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>{' '}
          {status === 403 && (
            <button
              type="button"
              onClick={() => {
                keepToken('')
                again()
              }}
            >
              Use another token
            </button>
          )}
        </p>
      )}
    </div>
  )
}

/** Asks for the token, which stays in this tab. */
function TokenForm({ text, again }: { readonly text: string; readonly again: () => void }) {
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => box.current?.focus(), [])
  const wasGiven = /not known/.test(text)
  return (
    <form
      class="token"
      onSubmit={event => {
        event.preventDefault()
        keepToken(box.current?.value.trim() ?? '')
        again()
      }}
    >
      <label>
        {wasGiven
          ? 'The server does not know this token, or it is not valid any more. '
          : 'The server asks for a token. '}
        Token with the role read <input ref={box} type="password" autocomplete="off" required />
      </label>{' '}
      <button type="submit">Open the inventory</button>
      <p class="faint">It is kept until this tab is closed, and is in no link and no saved page.</p>
    </form>
  )
}

const NoHosts = () => (
  <div class="error-card">
    <p>No host has reported to this server yet. On a host:</p>
    <p>
      <code>virt-cpu collect --report {location.origin}</code>
    </p>
  </div>
)
