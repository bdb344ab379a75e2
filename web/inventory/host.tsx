import { useEffect, useState } from 'preact/hooks'
import { Dialog } from '../ui/app/dialog.tsx'
import type { PageParts } from '../ui/parts/inventory.ts'
import { askServer, type HostStory, type PastAnswer, request } from './server.ts'
import { describeDifference, describeFacts, formatTime, namePool, poolOfRoute } from './words.ts'

/** All that the inventory knows of a host: who reported it when, what it was, and the text it was read from. */
export function HostDialog({ id, route, navigate, client, state }: PageParts & { readonly id: string }) {
  const [host, setHost] = useState<HostStory>()
  const [error, setError] = useState('')
  useEffect(() => {
    const gone = new AbortController()
    askServer<HostStory>(`/v1/hosts/${encodeURIComponent(id)}`, gone.signal).then(
      setHost,
      failed => gone.signal.aborted || setError(failed.message),
    )
    return () => gone.abort()
  }, [id])
  const close = { stored: undefined }
  const pool = poolOfRoute(route.inventory)
  const isShown = state?.isStored && (pool === undefined || pool === host?.pool)
  const find = async (name: string) => {
    const { rows } = await client.ask('find', name)
    const row = rows.find(one => one.kind === 'host' && (one.name === name || one.name === id))
    if (row) navigate({ ...close, view: 'fleet', pool: undefined, group: String(row.group), host: row.name })
    else setError('It is not among the hosts that are shown.')
  }
  return (
    <Dialog title={host?.name ?? id} onClose={() => navigate(close)}>
      {() => (
        <div class="changes">
          {error && <p role="alert">{error}</p>}
          {!host && !error && <p role="status">asking the server…</p>}
          {host && (
            <>
              <dl class="formats">
                <Row term="Id">{id}</Row>
                <Row term="Pool">{namePool(host.pool)}</Row>
                <Row term="Reported last">
                  {formatTime(host.seen)}, {host.reporter ? `by ${host.reporter}` : 'nobody said by whom'}
                </Row>
                <Row term="Reported first">{formatTime(host.firstSeen)}</Row>
                <Row term="Known of it">{describeFacts(host).join(' · ')}</Row>
              </dl>
              <p>
                {isShown ? (
                  <button type="button" onClick={() => void find(host.name)}>
                    Show it in the fleet
                  </button>
                ) : (
                  <button
                    type="button"
                    onClick={() =>
                      navigate({
                        ...close,
                        inventory: `=${host.pool}`,
                        at: undefined,
                        since: undefined,
                        fleet: undefined,
                        sample: undefined,
                        pool: undefined,
                      })
                    }
                  >
                    Open its pool
                  </button>
                )}
              </p>
              <h3>What it was</h3>
              <ol class="past">
                {host.history.map((past, i) => (
                  <li key={past.since}>
                    <b>{formatTime(past.since)}</b> {describePast(past, host.history[i + 1])}
                  </li>
                ))}
              </ol>
              <Evidence id={id} />
            </>
          )}
        </div>
      )}
    </Dialog>
  )
}

const Row = ({ term, children }: { readonly term: string; readonly children: preact.ComponentChildren }) => (
  <div>
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
)

/** What was new then; a host that comes again was away. */
function describePast(past: PastAnswer, before: PastAnswer | undefined): string {
  const isAgain = before?.until !== past.since
  const text = before ? describeDifference(before, past).join('; ') : 'first report'
  return [before && isAgain ? `came again: ${text}` : text, past.until ? '' : 'as it is now']
    .filter(Boolean)
    .join(' · ')
}

function Evidence({ id }: { readonly id: string }) {
  const [text, setText] = useState('')
  const load = () =>
    request(`/v1/hosts/${encodeURIComponent(id)}/evidence`)
      .then(answer => answer.text())
      .catch(error => error.message)
      .then(setText)
  return (
    <details onToggle={({ currentTarget }) => currentTarget.open && text === '' && void load()}>
      <summary>The text that it was reported with</summary>
      <pre tabIndex={0}>{text || 'asking the server…'}</pre>
    </details>
  )
}
