import { useEffect, useRef, useState } from 'preact/hooks'
import type { FoundRow } from '../../shared/displays.ts'
import type { Navigate, PageRoute } from '../parts/route.ts'
import { useAnswer } from '../parts/use-answer.ts'
import { useKey } from './input-events.ts'

const NONE: readonly FoundRow[] = []

/** preact's types want it of a combobox. */
const NO_LIST = { list: undefined }

/** How long the server is not asked after a letter, in ms. */
const PAUSE = 150

/** What the server's inventory finds. */
function useStored(text: string): readonly FoundRow[] {
  const [rows, setRows] = useState(NONE)
  useEffect(() => {
    setRows(NONE)
    if (!text || !window.inventory) return undefined
    const gone = new AbortController()
    const timer = setTimeout(() => window.inventory?.find(text, gone.signal).then(setRows, () => {}), PAUSE)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [text])
  return rows
}

/** The search box: a host, CPU, feature or model by a part of its name. `/` goes there, Escape leaves. */
export function Find({ navigate }: { readonly navigate: Navigate }) {
  const [text, setText] = useState('')
  const [current, setCurrent] = useState(0)
  const box = useRef<HTMLInputElement>(null)
  const answer = useAnswer('find', text)
  const isNow = answer?.text === text
  const stored = useStored(text.trim())
  const found = [
    ...(answer?.rows ?? NONE),
    ...stored.filter(row => !answer?.rows.some(({ name }) => name === row.name)),
  ]
  const pressed = useRef(false)
  useKey('/', () => box.current?.focus())
  const leave = () => {
    setText('')
    setCurrent(0)
  }
  const show = (row: FoundRow | undefined) => {
    if (!row) return
    pressed.current = false
    navigate(routeOf(row))
    leave()
    box.current?.blur()
  }
  // Who types fast presses Enter before the answer to the last letter is there.
  useEffect(() => {
    if (isNow && pressed.current) show(found[0])
    if (isNow) pressed.current = false
  }, [answer, isNow])
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Escape') leave()
    else if (event.key === 'Enter' && isNow) show(found[current])
    else if (event.key === 'Enter') pressed.current = true
    else if (step) setCurrent((current + step + found.length) % Math.max(1, found.length))
    else return
    event.preventDefault()
  }
  const open = text.trim() !== ''
  return (
    <search class="find">
      <input
        ref={box}
        type="search"
        role="combobox"
        {...NO_LIST}
        aria-label="Find a host, CPU, feature or model"
        aria-expanded={open}
        aria-controls="found"
        aria-activedescendant={open && found[current] ? `found-${current}` : undefined}
        placeholder="Find  /"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          setCurrent(0)
        }}
        onKeyDown={onKey}
        onBlur={leave}
      />
      {open && (
        <div id="found" role="listbox" aria-label="Found">
          {found.map((row, i) => (
            <div
              key={`${row.kind} ${row.name}`}
              id={`found-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === current}
              // Before the box loses the focus, which closes the list.
              onMouseDown={event => {
                event.preventDefault()
                show(row)
              }}
            >
              <span class="faint">{row.kind === 'stored' ? 'inventory' : row.kind}</span> <b>{row.name}</b>{' '}
              <span class="faint">{row.detail}</span>
            </div>
          ))}
          {found.length === 0 && <p class="faint">Nothing is called so</p>}
        </div>
      )}
    </search>
  )
}

/** Where a result is shown. */
function routeOf({ kind, name, group }: FoundRow): {
  readonly [K in keyof PageRoute]?: PageRoute[K] | undefined
} {
  if (kind === 'feature') return { view: 'matrix', feature: name, all: 'yes', only: undefined }
  if (kind === 'stored') return { stored: String(group) }
  if (kind === 'model') return { view: 'compare', a: `model:${name}` }
  return { view: 'fleet', pool: undefined, group: String(group), host: kind === 'host' ? name : undefined }
}
