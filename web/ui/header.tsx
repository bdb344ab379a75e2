import { useEffect, useRef } from 'preact/hooks'
import type { StateAnswer } from '../shared/answers.ts'
import type { Deeds } from './app.tsx'
import { plural } from './parts.tsx'
import { type Go, hashOf, type Place, VIEWS, type View } from './place.ts'
import { useAnswer } from './use-answer.ts'
import { VIEW } from './views/index.ts'

interface HeaderProps {
  readonly state: StateAnswer | undefined
  readonly place: Place
  readonly go: Go
  readonly deeds: Deeds
  readonly add: () => void
}

export function Header({ state, place, go, deeds, add }: HeaderProps) {
  const { hosts = 0, others = 0 } = state ?? {}
  const here = useRef<HTMLAnchorElement>(null)
  const view = place.view ?? 'fleet'
  useEffect(
    () => here.current?.scrollIntoView({ block: 'nearest', inline: 'center' }),
    [view, hosts + others > 0],
  )
  return (
    <header class="top">
      <div class="line">
        <span class="brand">
          <Mark /> virt-cpu
        </span>
        {hosts > 0 && <Scope {...{ place, go, hosts }} />}
        <span class="tools">
          {state && (
            <>
              <button
                type="button"
                onClick={deeds.undo}
                disabled={!state.undo}
                title={state.undo && `Undo ${state.undo}`}
              >
                Undo
              </button>
              <button
                type="button"
                class="redo"
                onClick={deeds.redo}
                disabled={!state.redo}
                title={state.redo && `Redo ${state.redo}`}
              >
                Redo
              </button>
              <button type="button" class="clear" onClick={deeds.clear} disabled={hosts + others === 0}>
                Clear
              </button>
            </>
          )}
          <button type="button" onClick={add}>
            Add hosts…
          </button>
          <Theme {...{ place, go }} />
        </span>
      </div>
      {hosts + others > 0 && (
        <nav aria-label="Views">
          <ul>
            {(hosts > 0 ? VIEWS : OF_OTHERS).map(name => (
              <li key={name}>
                <a
                  href={hashOf({ ...place, view: name })}
                  aria-current={view === name ? 'page' : undefined}
                  ref={view === name ? here : null}
                  onClick={event => {
                    event.preventDefault()
                    go({ view: name })
                  }}
                >
                  {VIEW[name].title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </header>
  )
}

/** What there is to see of CPUs that are part of no fleet. */
const OF_OTHERS: readonly View[] = ['fleet', 'baseline']

/** Which hosts are looked at: all, or a pool's. */
function Scope({ place, go, hosts }: { readonly place: Place; readonly go: Go; readonly hosts: number }) {
  const pools = useAnswer('pools')?.cards ?? []
  if (pools.length < 2) return <span class="scope">{plural(hosts, 'host')}</span>
  return (
    <label class="scope">
      <span class="unseen">Pool</span>
      <select
        value={place.pool ?? '*'}
        onChange={({ currentTarget }) => go({ pool: poolOf(currentTarget.value) })}
      >
        <option value="*">{`all ${plural(hosts, 'host')}`}</option>
        {pools.map(({ label, hosts }) => (
          <option key={label} value={`=${label}`} selected={place.pool === `=${label}`}>
            {`${label || 'no pool'} · ${plural(hosts, 'host')}`}
          </option>
        ))}
      </select>
    </label>
  )
}

const poolOf = (value: string): string | undefined => (value === '*' ? undefined : value)

/** The pool that the place names, for questions. */
export const scopeOf = ({ pool }: Place): string | null => (pool === undefined ? null : pool.slice(1))

const NEXT = { auto: 'light', light: 'dark', dark: undefined } as const

function Theme({ place, go }: { readonly place: Place; readonly go: Go }) {
  const now = place.theme ?? 'auto'
  return (
    <button
      type="button"
      class="theme"
      onClick={() => go({ theme: NEXT[now] }, 'replace')}
      aria-label={`Colours: ${now}`}
      title={`Colours: ${now}`}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.4" />
        {now === 'auto' && <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />}
        {now === 'dark' && <circle cx="8" cy="8" r="6.2" fill="currentColor" />}
      </svg>
    </button>
  )
}

const Mark = () => (
  <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
    <rect width="16" height="16" rx="3" fill="var(--accent)" />
    <path d="M4 4h3v3H4zM9 4h3v3H9zM4 9h3v3H4z" fill="var(--ground)" />
  </svg>
)
