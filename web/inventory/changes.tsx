import { useEffect, useState } from 'preact/hooks'
import { Dialog } from '../ui/app/dialog.tsx'
import type { PageParts } from '../ui/parts/inventory.ts'
import { useRenderInSteps } from '../ui/parts/render-in-steps.ts'
import { formatCount } from '../ui/parts/text.ts'
import { askServer, type HostDifference, query } from './server.ts'
import type { Overview } from './use-inventory.ts'
import { describeChangedHost, formatTime, namePool, poolOfRoute } from './words.ts'

type ChangesProps = Pick<PageParts, 'route' | 'navigate'> & { readonly overview: Overview }

interface Page {
  readonly changes: readonly HostDifference[]
  readonly next: string | null
}

/** As many changes are listed. */
const MOST = 10_000

const WEEK = 7 * 24 * 3600 * 1000

/** Which hosts changed: what, when, and who reported. */
export function Changes({ route, navigate, overview }: ChangesProps) {
  const to = route.at ?? overview.timeline.to
  const from = route.since ?? new Date(Date.parse(to) - WEEK).toISOString()
  const [pool, setPool] = useState(poolOfRoute(route.inventory))
  const [text, setText] = useState('')
  const [page, setPage] = useState<Page>()
  const [error, setError] = useState('')
  useEffect(() => {
    const gone = new AbortController()
    setPage(undefined)
    askServer<Page>(`/v1/changes${query({ from, to: route.at, pool, limit: MOST })}`, gone.signal).then(
      setPage,
      failed => gone.signal.aborted || setError(failed.message),
    )
    return () => gone.abort()
  }, [from, route.at, pool])
  const rows = (page?.changes ?? []).map(change => ({ change, what: describeChangedHost(change).join('; ') }))
  const wanted = text.trim().toLowerCase()
  const found = rows
    .filter(({ change, what }) =>
      [nameOf(change), change.id, what, change.reporter ?? ''].some(one =>
        one.toLowerCase().includes(wanted),
      ),
    )
    .sort((a, b) => timeOf(b.change) - timeOf(a.change))
  return (
    <Dialog title={`Changes since ${formatTime(from)}`} onClose={() => navigate({ changes: undefined })}>
      {() => (
        <div class="changes">
          <div class="row">
            <label>
              Pool{' '}
              <select
                value={pool === undefined ? '*' : `=${pool}`}
                onChange={({ currentTarget: { value } }) => setPool(poolOfRoute(value))}
              >
                <option value="*">all</option>
                {overview.pools.map(one => (
                  <option key={one.pool} value={`=${one.pool}`} selected={one.pool === pool}>
                    {namePool(one.pool)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              With the words{' '}
              <input
                type="search"
                value={text}
                onInput={({ currentTarget }) => setText(currentTarget.value)}
              />
            </label>
          </div>
          <p role="status">
            {error ||
              (page
                ? `${formatCount(found.length, 'host')} changed${page.next ? `; of the first ${formatCount(MOST, 'host')} by id` : ''}`
                : 'asking the server…')}
          </p>
          {found.length > 0 && <Table {...{ navigate }} rows={found} />}
        </div>
      )}
    </Dialog>
  )
}

const nameOf = ({ id, before, after }: HostDifference): string => (after ?? before)?.name ?? id

const timeOf = ({ before, after }: HostDifference): number =>
  Date.parse(after?.since ?? before?.until ?? '') || 0

interface TableProps {
  readonly navigate: PageParts['navigate']
  readonly rows: readonly { readonly change: HostDifference; readonly what: string }[]
}

function Table({ rows, navigate }: TableProps) {
  const shown = useRenderInSteps(rows, 100)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Changes">
      <table>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">Pool</th>
            <th scope="col">What</th>
            <th scope="col">When</th>
            <th scope="col">Reported by</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ change, what }) => (
            <tr key={change.id}>
              <th scope="row">
                {change.after ? (
                  <button
                    type="button"
                    class="quiet"
                    onClick={() => navigate({ stored: change.id, changes: undefined })}
                  >
                    {nameOf(change)}
                  </button>
                ) : (
                  nameOf(change)
                )}
              </th>
              <td>{namePool((change.after ?? change.before)?.pool ?? '')}</td>
              <td>{what}</td>
              <td>{formatTime(timeOf(change))}</td>
              <td>{change.reporter ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
