import type { EmbeddedFleet } from '../shared/protocol.ts'

/** At most so many fleets are kept, the latest. */
const MOST = 5

/** The browser's own store of fleets, so that reloading, or a link opened here again, finds its files. */
const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('virt-cpu', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('fleets').createIndex('time', 'time')
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
  const oldestFirst = await wait(store.index('time').getAllKeys())
  for (const old of oldestFirst.slice(0, -MOST)) store.delete(old)
}

/** Undefined: this browser has no such fleet. */
export async function findFleet(id: string): Promise<EmbeddedFleet | undefined> {
  const store = (await open()).transaction('fleets').objectStore('fleets')
  return (await wait(store.get(id) as IDBRequest<KeptFleet | undefined>))?.fleet
}

/** What this browser keeps, the latest first, without its content. */
export async function listFleets(): Promise<{ readonly id: string; readonly time: number }[]> {
  const found: { id: string; time: number }[] = []
  const cursors = (await open())
    .transaction('fleets')
    .objectStore('fleets')
    .index('time')
    .openKeyCursor(null, 'prev')
  for (let cursor = await wait(cursors); cursor; cursor = await wait(cursors)) {
    found.push({ id: String(cursor.primaryKey), time: Number(cursor.key) })
    cursor.continue()
  }
  return found
}

export async function forgetFleet(id: string): Promise<void> {
  await wait((await open()).transaction('fleets', 'readwrite').objectStore('fleets').delete(id))
}
