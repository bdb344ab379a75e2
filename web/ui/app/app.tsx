import { useCallback, useEffect, useErrorBoundary, useMemo, useRef, useState } from 'preact/hooks'
import type { PageState } from '../../shared/displays.ts'
import { CANCELLED } from '../../shared/protocol.ts'
import type { Actions } from '../parts/actions.ts'
import type { Client } from '../parts/client.ts'
import type { PageParts } from '../parts/inventory.ts'
import { type Navigate, NO_INVENTORY, type PageRoute, readRoute, useRoute } from '../parts/route.ts'
import { formatCount } from '../parts/text.ts'
import { AnswerContext } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'
import { viewOfRoute } from '../views/list.ts'
import { AddDialog, Welcome } from './add-hosts.tsx'
import { Header } from './header.tsx'
import { useDropAndPaste, useUndoKeys } from './input-events.ts'

interface ReadingProgress {
  readonly done: number
  readonly of: number
}

/** @param embedded the fleet in the page, as JSON; `null`: no fleet */
export function App({ client, embedded }: { readonly client: Client; readonly embedded: string }) {
  const [route, navigate] = useRoute()
  const [adding, setAdding] = useState(false)
  const { state, progress, failure, actions } = useFleet(client, navigate)
  const [restoring, setRestoring] = useState(route.fleet !== undefined)
  const isGiven = embedded !== 'null' || route.sample !== undefined
  useEffect(() => {
    const start = async () => {
      if (route.inventory) return
      const kept =
        route.fleet === undefined ? undefined : await actions.apply(client.act('restore', route.fleet))
      setRestoring(false)
      if (kept && holdsAnything(kept)) return
      if (embedded !== 'null') await actions.apply(client.act('embed', embedded))
      else if (route.sample) actions.sample()
    }
    void start()
  }, [])
  useEffect(() => {
    // What a file or the sample fleet has is there again after a reload.
    if (state && !route.inventory && holdsAnything(state) && (!isGiven || state.version > 1))
      void client.ask('keep').then(id => id && navigate({ fleet: id }, 'replace'))
  }, [state?.version])
  useTheme(route)
  useUndoKeys(actions)
  const isComparing = route.view === 'drift' && (state?.hosts ?? 0) > 0
  const { over: dragging, stopSearch } = useDropAndPaste(isComparing ? actions.compareWith : actions.add)
  const loading = isGiven || restoring || progress !== undefined
  const source = useMemo(
    () => ({ client, version: state?.version ?? 0, known: new Map() }),
    [client, state?.version],
  )
  return (
    <AnswerContext.Provider value={source}>
      <button type="button" class="skip" onClick={focusMain}>
        Skip to the content
      </button>
      <Header {...{ state, route, navigate, actions }} add={() => setAdding(true)} />
      {window.inventory && <Inventory {...{ route, navigate, state, client }} apply={actions.apply} />}
      <main id="main" tabIndex={-1}>
        {state && (
          <p class="printed">
            {[
              state.name.split('/').pop(),
              formatCount(state.hosts, 'host'),
              new Date().toISOString().slice(0, 10),
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        )}
        {failure && <ErrorCard what="The last action failed" cause={failure} />}
        {state && holdsAnything(state) ? (
          <CurrentView {...{ route, navigate, state, actions }} />
        ) : (
          !route.inventory &&
          (restoring ? undefined : state || !loading) && (
            <Welcome actions={actions} isLost={route.fleet !== undefined} />
          )
        )}
      </main>
      {progress && <Progress {...progress} cancel={() => client.cancel()} />}
      {stopSearch && <Progress done={0} of={0} cancel={stopSearch} />}
      {adding && <AddDialog actions={actions} close={() => setAdding(false)} />}
      {dragging && (
        <div class="dropping">
          {isComparing
            ? 'Drop to compare with this recording.'
            : `Drop to ${state?.isStored ? 'show these in place of the inventory' : 'add hosts'}. Subfolders become pools.`}
        </div>
      )}
    </AnswerContext.Provider>
  )
}

/** Where the program about the server's inventory draws. */
function Inventory(page: PageParts) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (place.current) window.inventory?.draw(place.current, page)
  })
  return <div ref={place} />
}

/** The worker's state as of the last action, and the actions. */
function useFleet(client: Client, navigate: Navigate) {
  const [state, setState] = useState<PageState>()
  const [progress, setProgress] = useState<ReadingProgress>()
  const [failure, setFailure] = useState('')
  client.onProgress = (done, of) => setProgress({ done, of })
  const apply = useCallback(async (change: Promise<PageState>) => {
    try {
      const next = await change
      setState(next)
      setFailure('')
      return next
    } catch (error) {
      if (!String(error).endsWith(CANCELLED)) setFailure(String(error))
      return undefined
    } finally {
      setProgress(undefined)
    }
  }, [])
  const actions = useMemo<Actions>(
    () => ({
      apply,
      add: (files, label = formatCount(files.length, 'file')) => {
        setProgress({ done: 0, of: files.length })
        void apply(client.act('add', files, label))
        navigate({ sample: undefined, ...NO_INVENTORY }, 'replace')
      },
      compareWith: files => {
        setProgress({ done: 0, of: files.length })
        void apply(client.act('compareWith', files))
      },
      sample: () => {
        void apply(client.act('sample'))
        navigate({ sample: 'yes', ...NO_INVENTORY }, 'replace')
      },
      clear: () => {
        void apply(client.act('clear'))
        const { fleet } = readRoute()
        if (fleet !== undefined) void client.ask('forget', fleet)
        navigate({ sample: undefined, pool: undefined, fleet: undefined, ...NO_INVENTORY })
      },
      undo: () => void apply(client.act('undo')),
      redo: () => void apply(client.act('redo')),
    }),
    [client, apply, navigate],
  )
  return { state, progress, failure, actions }
}

function useTheme({ theme }: PageRoute): void {
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme
    else delete document.documentElement.dataset.theme
  }, [theme])
}

const holdsAnything = ({ hosts, unplaced, guests, problems }: PageState): boolean =>
  hosts + unplaced + guests + problems.length > 0

/** Not a link, because the hash holds the page's state. */
const focusMain = (): void => document.getElementById('main')?.focus()

/** The view, or the error of one of its answers until the fleet or the view changes. */
function CurrentView(props: ViewProps) {
  const { Content, name } = viewOfRoute(props.route, props.state)
  const [error, retry] = useErrorBoundary()
  useEffect(() => error && retry(), [name, props.state.version])
  if (error) return <ErrorCard what="This view has no answer" cause={String(error)} retry={retry} />
  return <Content {...props} />
}

interface ErrorCardProps {
  readonly what: string
  readonly cause: string
  readonly retry?: () => void
}

const ErrorCard = ({ what, cause, retry }: ErrorCardProps) => (
  <section class="error-card" role="alert">
    <h2>{what}</h2>
    <p>{cause}</p>
    {retry && (
      <button type="button" onClick={retry}>
        Try again
      </button>
    )}
  </section>
)

/** @param of how many there are; 0: they are still looked for */
function Progress({ done, of, cancel }: ReadingProgress & { readonly cancel: () => void }) {
  if (of > 0 && of < 50) return null
  return (
    <div class="progress" role="status">
      <label>
        {of === 0 ? 'Looking for files' : `Reading ${formatCount(of, 'file')}`}{' '}
        <progress value={of === 0 ? undefined : done} max={of || 1} />
      </label>{' '}
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  )
}
