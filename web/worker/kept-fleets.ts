import type { EmbeddedFleet } from '../shared/protocol.ts'

/** At most so many fleets are kept, the latest. */
const MOST = 5

/** The browser's own store of fleets, so that reloading, or a link opened here again, finds its files. */
const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('virt-cpu', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('fleets')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const wait = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

interface KeptFleet {
  readonly fleet: EmbeddedFleet
  readonly time: number
}

/** Keeps a fleet under an id. @throws DOMException where the browser keeps nothing, such as in a private window */
export async function keepFleet(id: string, fleet: EmbeddedFleet): Promise<void> {
  const store = (await open()).transaction('fleets', 'readwrite').objectStore('fleets')
  await wait(store.put({ fleet, time: Date.now() } satisfies KeptFleet, id))
  const [ids, all] = await Promise.all([
    wait(store.getAllKeys()),
    wait(store.getAll() as IDBRequest<KeptFleet[]>),
  ])
  const old = ids.map((key, i) => ({ key, time: all[i]?.time ?? 0 })).sort((a, b) => b.time - a.time)
  for (const { key } of old.slice(MOST)) store.delete(key)
}

/** Undefined: this browser has no such fleet. */
export async function findFleet(id: string): Promise<EmbeddedFleet | undefined> {
  const store = (await open()).transaction('fleets').objectStore('fleets')
  return (await wait(store.get(id) as IDBRequest<KeptFleet | undefined>))?.fleet
}

export async function forgetFleet(id: string): Promise<void> {
  await wait((await open()).transaction('fleets', 'readwrite').objectStore('fleets').delete(id))
}
