import { useEffect, useState } from 'preact/hooks'

export const VIEWS = ['fleet', 'matrix', 'baseline', 'cost', 'pools', 'migration', 'tree', 'compare'] as const
export type View = (typeof VIEWS)[number]

/** Everything that the URL's hash says: which view, of which pool, and how it is set. Absent: the usual. */
export interface Place {
  readonly view?: View
  /** A pool's label; absent: all hosts. */
  readonly pool?: string
  readonly theme?: 'light' | 'dark'
  /** The sample fleet is shown. */
  readonly sample?: 'yes'
  readonly sort?: 'cost' | 'place'
  readonly all?: 'yes'
  readonly feature?: string
  readonly group?: string
  readonly expand?: 'yes'
  readonly migratable?: 'yes'
  readonly best?: 'yes'
  readonly on?: string
  readonly a?: string
  readonly b?: string
  readonly from?: string
  readonly to?: string
}

function readPlace(): Place {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
  const view = VIEWS.find(known => known === given.view)
  return { ...given, ...(view ? { view } : {}) } as Place
}

/** The place with some of it changed; what is set to undefined is left out. */
export type Go = (change: { readonly [K in keyof Place]?: Place[K] | undefined }, how?: 'replace') => void

/** Where the page is, and how to go elsewhere; the browser's back button goes back. */
export function usePlace(): [Place, Go] {
  const [place, setPlace] = useState(readPlace)
  useEffect(() => {
    const onChange = () => setPlace(readPlace())
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  const go: Go = (change, how) => {
    const next = hashOf({ ...readPlace(), ...change } as Place)
    if (how === 'replace') history.replaceState(null, '', next)
    else history.pushState(null, '', next)
    setPlace(readPlace())
  }
  return [place, go]
}

export function hashOf(place: Place): string {
  const said = Object.entries(place).filter(([, value]) => value !== undefined && value !== '')
  return `#${new URLSearchParams(said)}`
}
