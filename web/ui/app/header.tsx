import { useEffect, useRef, useState } from 'preact/hooks'
import type { PageState } from '../../shared/displays.ts'
import type { Actions } from '../parts/actions.ts'
import { formatHash, type Navigate, type PageRoute } from '../parts/route.ts'
import { formatCount } from '../parts/text.ts'
import { viewOfRoute, viewsFor } from '../views/list.ts'
import { Glossary } from './dialog.tsx'
import { Find } from './find.tsx'
import { useKey } from './input-events.ts'
import { SaveMenu } from './save.tsx'

interface HeaderProps {
  /** Undefined before the first action. */
  readonly state: PageState | undefined
  readonly route: PageRoute
  readonly navigate: Navigate
  readonly actions: Actions
  /** Opens the dialog that adds hosts. */
  readonly add: () => void
}

export function Header({ state, route, navigate, actions, add }: HeaderProps) {
  return (
    <header class="top">
      <div class="line">
        <span class="brand">
          <Logo /> virt-cpu
        </span>
        {state && state.hosts > 0 && <PoolSelect {...{ route, navigate }} {...state} />}
        {((state && state.hosts > 0) || window.inventory) && <Find navigate={navigate} />}
        <span class="tools">
          {state && <FleetButtons {...{ state, actions }} />}
          {state && state.hosts > 0 && <SaveMenu hasFiles={!state.isStored} />}
          <button type="button" onClick={add}>
            Add hosts…
          </button>
          <GlossaryButton />
          <ThemeButton {...{ route, navigate }} />
        </span>
      </div>
      {state && viewsFor(state).length > 0 && <ViewLinks {...{ state, route, navigate }} />}
    </header>
  )
}

function FleetButtons({ state, actions }: { readonly state: PageState; readonly actions: Actions }) {
  const { undo, redo, hosts, unplaced } = state
  return (
    <>
      <button type="button" onClick={actions.undo} disabled={!undo} title={undo && `Undo ${undo}`}>
        Undo
      </button>
      <button
        type="button"
        class="redo"
        onClick={actions.redo}
        disabled={!redo}
        title={redo && `Redo ${redo}`}
      >
        Redo
      </button>
      <button type="button" class="clear" onClick={actions.clear} disabled={hosts + unplaced === 0}>
        Clear
      </button>
    </>
  )
}

type ViewLinksProps = Pick<HeaderProps, 'route' | 'navigate'> & { readonly state: PageState }

function ViewLinks({ state, route, navigate }: ViewLinksProps) {
  const current = viewOfRoute(route, state)
  const link = useRef<HTMLAnchorElement>(null)
  useEffect(() => link.current?.scrollIntoView({ block: 'nearest', inline: 'center' }), [current])
  return (
    <nav aria-label="Views">
      <ul>
        {viewsFor(state).map(({ name, title }) => (
          <li key={name}>
            <a
              href={location.href.replace(/#.*/s, '') + formatHash({ ...route, view: name })}
              aria-current={name === current.name ? 'page' : undefined}
              ref={name === current.name ? link : null}
              onClick={event => {
                event.preventDefault()
                navigate({ view: name })
              }}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

type PoolSelectProps = Pick<HeaderProps, 'route' | 'navigate'> & Pick<PageState, 'hosts' | 'pools'>

/** Selects the hosts that the views are about: all, or those of one pool. */
function PoolSelect({ route, navigate, hosts, pools }: PoolSelectProps) {
  if (pools.length < 2) return <span class="scope">{formatCount(hosts, 'host')}</span>
  const select = (value: string) => navigate({ pool: value === '*' ? undefined : value })
  return (
    <label class="scope">
      <span class="unseen">Pool</span>
      <select value={route.pool ?? '*'} onChange={({ currentTarget }) => select(currentTarget.value)}>
        <option value="*">{`all ${formatCount(hosts, 'host')}`}</option>
        {pools.map(([label, hosts]) => (
          <option key={label} value={`=${label}`} selected={route.pool === `=${label}`}>
            {`${label || 'no pool'} · ${formatCount(hosts, 'host')}`}
          </option>
        ))}
      </select>
    </label>
  )
}

/** `?`, as a button and as a key: what the page's words mean. */
function GlossaryButton() {
  const [open, setOpen] = useState(false)
  useKey('?', () => setOpen(true))
  return (
    <>
      <button type="button" title="What the words mean" onClick={() => setOpen(true)}>
        ?
      </button>
      {open && <Glossary onClose={() => setOpen(false)} />}
    </>
  )
}

const NEXT_THEME = { auto: 'light', light: 'dark', dark: undefined } as const

function ThemeButton({ route, navigate }: Pick<HeaderProps, 'route' | 'navigate'>) {
  const theme = route.theme ?? 'auto'
  return (
    <button
      type="button"
      class="theme"
      onClick={() => navigate({ theme: NEXT_THEME[theme] }, 'replace')}
      aria-label={`Colour scheme: ${theme}`}
      title={`Colour scheme: ${theme}`}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.4" />
        {theme === 'auto' && <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />}
        {theme === 'dark' && <circle cx="8" cy="8" r="6.2" fill="currentColor" />}
      </svg>
    </button>
  )
}

const Logo = () => (
  <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
    <rect width="16" height="16" rx="3" fill="var(--accent)" />
    <path d="M4 4h3v3H4zM9 4h3v3H9zM4 9h3v3H4z" fill="var(--ground)" />
  </svg>
)
