import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Actions } from '../parts/actions.ts'
import { filesOfDrop } from '../parts/files.ts'

/**
 * Adds what is dropped or pasted anywhere on the page. Returns whether files are being dragged over it, and what ends the
 * search for files in what was dropped, undefined when it is done.
 */
export function useDropAndPaste(add: Actions['add']): {
  readonly over: boolean
  readonly stopSearch: (() => void) | undefined
} {
  const [over, setOver] = useState(false)
  const [search, setSearch] = useState<AbortController>()
  const depth = useRef(0)
  // Before the first picture: what is dropped early would replace the page.
  useLayoutEffect(() => {
    const move = (step: number) => {
      depth.current = Math.max(0, depth.current + step)
      setOver(depth.current > 0)
    }
    return listen({
      dragenter: (event: DragEvent) => holdsFiles(event) && move(1),
      dragleave: (event: DragEvent) => holdsFiles(event) && move(-1),
      dragover: (event: DragEvent) => holdsFiles(event) && event.preventDefault(),
      drop: (event: DragEvent) => {
        if (!holdsFiles(event) || !event.dataTransfer) return
        event.preventDefault()
        move(-depth.current)
        const found = new AbortController()
        setSearch(found)
        void filesOfDrop(event.dataTransfer, found.signal).then(files => {
          if (found.signal.aborted) return
          setSearch(undefined)
          add(files)
        })
      },
      paste: (event: ClipboardEvent) => {
        if (isIn(event, 'textarea, input')) return
        const text = event.clipboardData?.getData('text/plain') ?? ''
        if (text.trim() !== '') add([{ path: 'pasted', text }], 'pasted text')
      },
    })
  }, [add])
  const stopSearch = () => {
    search?.abort()
    setSearch(undefined)
  }
  return { over, stopSearch: search && stopSearch }
}

const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

/** Ctrl-Z undoes and Ctrl-Shift-Z redoes, except in text fields. */
export function useUndoKeys({ undo, redo }: Actions): void {
  useEffect(
    () =>
      listen({
        keydown: (event: KeyboardEvent) => {
          if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return
          if (isIn(event, 'textarea, input[type=text]')) return
          event.preventDefault()
          if (event.shiftKey) redo()
          else undo()
        },
      }),
    [undo, redo],
  )
}

/** Calls what a key does anywhere but where text is typed. */
export function useKey(key: string, press: () => void): void {
  useEffect(
    () =>
      listen({
        keydown: (event: KeyboardEvent) => {
          if (event.key !== key || isIn(event, 'input, textarea, select')) return
          event.preventDefault()
          press()
        },
      }),
    [],
  )
}

const isIn = ({ target }: Event, selector: string): boolean =>
  target instanceof Element && target.closest(selector) !== null

/** Adds listeners to the window. Returns what removes them. */
function listen(on: { readonly [K in keyof WindowEventMap]?: (event: WindowEventMap[K]) => unknown }) {
  const listeners = Object.entries(on) as [string, EventListener][]
  for (const [name, listener] of listeners) addEventListener(name, listener)
  return () => {
    for (const [name, listener] of listeners) removeEventListener(name, listener)
  }
}
