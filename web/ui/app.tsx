import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { StateAnswer } from '../shared/answers.ts'
import type { Given } from '../shared/protocol.ts'
import { AddDialog } from './add-dialog.tsx'
import type { Client } from './client.ts'
import { filesOfDrop } from './files.ts'
import { Header } from './header.tsx'
import { plural } from './parts.tsx'
import { type Place, usePlace } from './place.ts'
import { Asking } from './use-answer.ts'
import { VIEW } from './views/index.ts'
import { Welcome } from './welcome.tsx'

/** What changes the fleet, each told to the worker. */
export interface Deeds {
  readonly add: (files: readonly Given[], label?: string) => void
  readonly sample: () => void
  readonly clear: () => void
  readonly undo: () => void
  readonly redo: () => void
  readonly does: (deed: Promise<StateAnswer>) => Promise<void>
}

/** @param baked the fleet in the page, as JSON; `null` is none */
export function App({ client, baked }: { readonly client: Client; readonly baked: string }) {
  const [place, go] = usePlace()
  const [state, setState] = useState<StateAnswer>()
  const [progress, setProgress] = useState<{ readonly done: number; readonly of: number }>()
  const [adding, setAdding] = useState(false)
  client.onProgress = (done, of) => setProgress({ done, of })

  const does = useCallback(async (deed: Promise<StateAnswer>) => {
    setState(await deed)
    setProgress(undefined)
  }, [])
  const deeds = useMemo<Deeds>(
    () => ({
      does,
      add: (files, label = plural(files.length, 'file')) => {
        setProgress({ done: 0, of: files.length })
        void does(client.ask('add', files, label))
        go({ sample: undefined }, 'replace')
      },
      sample: () => {
        void does(client.ask('sample'))
        go({ sample: 'yes' }, 'replace')
      },
      clear: () => {
        void does(client.ask('clear'))
        go({ sample: undefined, pool: undefined })
      },
      undo: () => void does(client.ask('undo')),
      redo: () => void does(client.ask('redo')),
    }),
    [client, does, go],
  )

  useEffect(() => {
    if (baked !== 'null') void deeds.does(client.ask('bake', baked))
    else if (place.sample) deeds.sample()
  }, [])
  useEffect(() => {
    if (place.theme) document.documentElement.dataset.theme = place.theme
    else delete document.documentElement.dataset.theme
  }, [place.theme])
  const dropping = useDrop(deeds.add)
  useKeys(deeds)

  const busy =
    state === undefined && (baked !== 'null' || place.sample !== undefined || progress !== undefined)
  const asking = useMemo(
    () => ({ client, version: state?.version ?? 0, known: new Map() }),
    [client, state?.version],
  )
  return (
    <Asking.Provider value={asking}>
      <button type="button" class="skip" onClick={toMain}>
        To the content
      </button>
      <Header {...{ state, place, go, deeds }} add={() => setAdding(true)} />
      <main id="main" tabIndex={-1}>
        {state && state.hosts + state.others + state.guests + state.faults.length > 0 ? (
          <Shown {...{ place, go, state, deeds }} />
        ) : (
          !busy && <Welcome deeds={deeds} />
        )}
      </main>
      {progress && <Progress {...progress} />}
      {adding && <AddDialog deeds={deeds} close={() => setAdding(false)} />}
      {dropping && <div class="dropping">Drop to add: a folder’s subfolders are pools</div>}
    </Asking.Provider>
  )
}

/** Not a link: the hash is the page's state. */
const toMain = (): void => document.getElementById('main')?.focus()

export interface ViewProps {
  readonly place: Place
  readonly go: ReturnType<typeof usePlace>[1]
  readonly state: StateAnswer
  readonly deeds: Deeds
}

function Shown(props: ViewProps) {
  const { place, state } = props
  // Of what is part of no fleet there is nothing to see but a baseline.
  const told = state.hosts > 0 || (place.view === 'baseline' && state.others > 0)
  const View = VIEW[told ? (place.view ?? 'fleet') : 'fleet'].view
  return <View {...props} />
}

function Progress({ done, of }: { readonly done: number; readonly of: number }) {
  if (of < 50) return null
  return (
    <div class="progress" role="status">
      <label>
        Reading {plural(of, 'file')} <progress value={done} max={of} />
      </label>
    </div>
  )
}

/** Takes what is dropped anywhere on the page; answers whether something is held over it. */
function useDrop(add: Deeds['add']): boolean {
  const [over, setOver] = useState(false)
  const depth = useRef(0)
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const on = {
      dragenter: (event: DragEvent) => {
        if (!holdsFiles(event)) return
        depth.current++
        setOver(true)
      },
      dragleave: (event: DragEvent) => {
        if (!holdsFiles(event)) return
        depth.current = Math.max(0, depth.current - 1)
        if (depth.current === 0) setOver(false)
      },
      dragover: (event: DragEvent) => {
        if (holdsFiles(event)) event.preventDefault()
      },
      drop: (event: DragEvent) => {
        if (!holdsFiles(event) || !event.dataTransfer) return
        event.preventDefault()
        depth.current = 0
        setOver(false)
        void filesOfDrop(event.dataTransfer).then(files => add(files))
      },
      paste: (event: ClipboardEvent) => {
        if (event.target instanceof Element && event.target.closest('textarea, input')) return
        const text = event.clipboardData?.getData('text/plain') ?? ''
        if (text.trim() !== '') add([{ path: 'pasted', text }], 'what was pasted')
      },
    }
    const listeners = Object.entries(on) as [string, EventListener][]
    for (const [name, listener] of listeners) addEventListener(name, listener)
    return () => {
      for (const [name, listener] of listeners) removeEventListener(name, listener)
    }
  }, [add])
  return over
}

/** Ctrl-Z and Ctrl-Shift-Z outside of fields. */
function useKeys({ undo, redo }: Deeds): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return
      if (event.target instanceof Element && event.target.closest('textarea, input[type=text]')) return
      event.preventDefault()
      if (event.shiftKey) redo()
      else undo()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [undo, redo])
}
