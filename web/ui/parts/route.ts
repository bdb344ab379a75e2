import { useCallback, useEffect, useState } from 'preact/hooks'
import type { HostScope } from '../../shared/protocol.ts'

export type ViewName =
  | 'fleet'
  | 'matrix'
  | 'baseline'
  | 'cost'
  | 'pools'
  | 'migration'
  | 'tree'
  | 'compare'
  | 'ladder'
  | 'drift'

/**
 * The page's state in the URL's hash: which view, of which pool, with which options. A missing key has its default
 * value; the keys from `sort` on belong to single views.
 */
export interface PageRoute {
  /** Unknown names show the first view. */
  readonly view?: ViewName
  /** `=` and a pool's label; missing: all hosts. */
  readonly pool?: string
  readonly theme?: 'light' | 'dark'
  /** The sample fleet is shown. */
  readonly sample?: 'yes'
  /** The fleet that the browser keeps under this id is shown. */
  readonly fleet?: string
  /** Hosts of the server's inventory are shown: `*` all, `=` and a pool's label; as they were at a time, beside those of another. */
  readonly inventory?: string
  readonly at?: string
  readonly since?: string
  /** A host of the inventory of which all is shown, and whether the list of changes is. */
  readonly stored?: string
  readonly changes?: 'yes'
  readonly sort?: 'cost' | 'place'
  readonly all?: 'yes'
  readonly feature?: string
  /** Which features of the matrix: those for security, those that can be fixed. */
  readonly only?: 'security' | 'fixable'
  /** The group on which they are missing. */
  readonly lacking?: string
  /** A group that the fleet's table shows open, and a host in it. */
  readonly group?: string
  readonly host?: string
  readonly expand?: 'yes'
  readonly migratable?: 'yes'
  readonly best?: 'yes'
  readonly on?: string
  /** The version of QEMU for which definitions are written. */
  readonly qemu?: string
  readonly vendor?: string
  /** Which rungs the ladder has, besides models. */
  readonly rungs?: 'evc' | 'level'
  readonly a?: string
  readonly b?: string
  /** Of two recordings, the second is the earlier one. */
  readonly older?: 'yes'
  readonly from?: string
  readonly to?: string
}

export const readRoute = (): PageRoute => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))

/** Changes keys of the route; `undefined` removes a key. */
export type Navigate = (
  change: { readonly [K in keyof PageRoute]?: PageRoute[K] | undefined },
  how?: 'replace',
) => void

/** What is of the inventory alone. */
export const NO_INVENTORY = { inventory: undefined, at: undefined, since: undefined }

/** The current route and how to change it. A change adds an entry to the browser's history unless it replaces one. */
export function useRoute(): [PageRoute, Navigate] {
  const [route, setRoute] = useState(readRoute)
  useEffect(() => {
    const onChange = () => setRoute(readRoute())
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  const navigate = useCallback<Navigate>((change, how) => {
    const next = formatHash({ ...readRoute(), ...change } as PageRoute)
    if (how === 'replace') history.replaceState(null, '', next)
    else history.pushState(null, '', next)
    setRoute(readRoute())
  }, [])
  return [route, navigate]
}

export function formatHash(route: PageRoute): string {
  const entries = Object.entries(route).filter(([, value]) => value !== undefined && value !== '')
  return `#${new URLSearchParams(entries)}`
}

/** The hosts that the route selects, for requests. */
export const scopeOfRoute = ({ pool }: PageRoute): HostScope => (pool === undefined ? null : pool.slice(1))
