import { randomUUID } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { RequestRefused } from '../http/answer.ts'
import type { InventoryState } from '../http/app.ts'
import type { ResultFiles } from '../http/jobs.ts'
import type { AuditLog, TokenStore } from '../inventory/access.ts'
import type { TextReader } from '../inventory/derive.ts'
import type { InventoryPlace } from '../inventory/engine.ts'
import { InventoryError } from '../inventory/fault.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { contextOf } from '../questions/context.ts'
import type { RequestLog } from './request-log.ts'

/** How long a request waits until the inventory is open, in ms. */
const PATIENCE = 5_000

/** How long after a failure it is opened again, in ms. */
const AGAIN = 2_000

/** How long the database may take to say that it is there, in ms. */
const ANSWERS = 2_000

/** How long it is believed that it has no token, in ms: another server on the same database may add one. */
const STAYS_OPEN = 1_000

/** What waiting does not change. */
const FINAL: readonly string[] = ['package', 'schema', 'folder']

/** The files that an inventory is kept like, and how often they are looked at, in ms. */
interface SyncSettings {
  readonly files: string
  readonly every: number
}

/** What a store needs of its server. */
export interface StoreOptions {
  readonly log: RequestLog
  /** The folder of the map that texts are read with; undefined: the data that comes with this package. */
  readonly cpuMap: string | undefined
  /** Reads the texts that are reported. */
  readonly reader: TextReader
  readonly sync: SyncSettings | undefined
  /** Is told of a failure that stays. */
  readonly onFinal: (error: InventoryError) => void
}

/** The inventory of a server, which is opened while the server answers already. */
export class ServeStore {
  readonly #place: InventoryPlace
  readonly #log: RequestLog
  readonly #ended = new AbortController()
  readonly #quiet = new AbortController()
  readonly #opening: Promise<Inventory | undefined>
  readonly #sync: SyncSettings | undefined
  #syncing: Promise<void> | undefined
  #isOpen = false
  #hasTokens = false
  /** When it was looked up whether it has tokens. */
  #lookedUp = 0

  constructor(place: InventoryPlace, { log, cpuMap, reader, sync, onFinal }: StoreOptions) {
    this.#place = place
    this.#log = log
    this.#sync = sync
    this.#opening = this.#open(cpuMap, reader).catch(error => {
      onFinal(error)
      return undefined
    })
  }

  async #open(cpuMap: string | undefined, reader: TextReader): Promise<Inventory | undefined> {
    const { openInventory } = await import('../inventory/open.ts')
    const context = cpuMap === undefined ? undefined : await contextIn(cpuMap)
    let said = ''
    while (!this.#ended.signal.aborted) {
      try {
        const inventory = await openInventory(this.#place, context, reader)
        await this.#lookUpTokens(inventory)
        this.#isOpen = true
        if (this.#sync) this.#syncing = this.#keepLike(inventory, this.#sync, context)
        return inventory
      } catch (error) {
        if (!(error instanceof InventoryError) || FINAL.includes(error.kind)) throw error
        if (error.message !== said) this.#log.fault([error.message], undefined)
        said = error.message
        await pause(AGAIN, undefined, { signal: this.#ended.signal }).catch(() => {})
      }
    }
    return undefined
  }

  /** Keeps it like files, until it is closed. */
  async #keepLike(
    inventory: Inventory,
    { files, every }: SyncSettings,
    context = contextOf(),
  ): Promise<void> {
    const { openSyncSource } = await import('../host/files/sync-source.ts')
    const cache = 'folder' in this.#place ? this.#place.folder : undefined
    const tell = (message: string, isFault: boolean) =>
      isFault ? this.#log.fault([message], undefined) : this.#log.note(message)
    try {
      const source = openSyncSource(files, context, cache)
      const server = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`
      await inventory.synced.keep(source, { server, every, tell }, this.#ended.signal)
    } catch (error) {
      tell(`sync: ${error instanceof Error ? error.message : error}`, true)
    }
  }

  /** The inventory, which a request waits for a little. @throws RequestRefused where it is not open then */
  readonly open = async (): Promise<Inventory> => {
    const inventory = await within(this.#opening, PATIENCE)
    if (inventory && !this.#ended.signal.aborted) return inventory
    throw new RequestRefused('unavailable', 'the inventory is not open yet: ask again later')
  }

  /** Whether it takes requests, as `/readyz` says. */
  readonly state = async (): Promise<InventoryState> => {
    if (!this.#isOpen) return 'opening'
    const check = this.#opening.then(async inventory => {
      await inventory?.check()
      return 'ready' as const
    })
    return (await within(check, ANSWERS).catch(() => undefined)) ?? 'unreachable'
  }

  async #lookUpTokens(inventory: Inventory): Promise<void> {
    this.#lookedUp = performance.now()
    this.#hasTokens = (await inventory.tokens.list()).length > 0
  }

  /**
   * Whether it has tokens: then every client needs one. Nobody is let in before that is known; while the database is
   * away, what was known last counts.
   * @throws RequestRefused
   */
  async hasTokens(): Promise<boolean> {
    const isOld = performance.now() - this.#lookedUp > STAYS_OPEN
    if (this.#isOpen && (this.#hasTokens || !isOld)) return this.#hasTokens
    const inventory = await this.open()
    if (isOld) await within(this.#lookUpTokens(inventory), ANSWERS).catch(() => {})
    return this.#hasTokens
  }

  /** Its tokens, which are looked up when it is open. @param isOpen whether whoever reaches the server may do everything */
  tokens(isOpen: () => Promise<boolean>): TokenStore {
    const { open } = this
    return {
      add: async token => {
        if (await isOpen())
          throw new RequestRefused(
            'forbidden',
            'no client needs a token here yet: give the server an administrator’s with --token first',
          )
        return (await open()).tokens.add(token)
      },
      find: async hash => (await open()).tokens.find(hash),
      list: async () => (await open()).tokens.list(),
      revoke: async id => (await open()).tokens.revoke(id),
      used: async id => (await open()).tokens.used(id).catch(unlessReadOnly),
    }
  }

  /** Its audit log. */
  get auditLog(): AuditLog {
    return {
      write: async entry => (await this.open()).auditLog.write(entry),
      list: async search => (await this.open()).auditLog.list(search),
    }
  }

  /** Aborted where those who listen to events are let go. */
  get ended(): AbortSignal {
    return this.#quiet.signal
  }

  /** Lets those go who listen to events. */
  letGo(): void {
    this.#quiet.abort()
  }

  /** Closes it. */
  async close(): Promise<void> {
    this.#ended.abort()
    const inventory = await this.#opening
    await this.#syncing
    await inventory?.close()
  }
}

/** A copy of an inventory cannot note that a token was used. */
function unlessReadOnly(error: unknown): void {
  if (!(error instanceof InventoryError) || error.kind !== 'read-only') throw error
}

/** What it becomes in so many ms, or undefined. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const done = new AbortController()
  try {
    return await Promise.race([promise, pause(ms, undefined, { signal: done.signal })])
  } finally {
    done.abort()
  }
}

async function contextIn(folder: string) {
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return contextOf(openCpuMap(folder))
}

/** Results of jobs in a temporary folder, which nobody else may read and which ends with the server. */
export class TemporaryResults implements ResultFiles {
  #folder: Promise<string> | undefined
  #made: string | undefined

  readonly write = async (id: string, bytes: Uint8Array): Promise<void> => {
    this.#folder ??= mkdtemp(join(tmpdir(), 'virt-cpu-results-'))
    this.#made = await this.#folder
    await writeFile(this.#pathOf(id), bytes, { mode: 0o600 })
  }

  readonly read = (id: string): ReadableStream<Uint8Array> =>
    Readable.toWeb(createReadStream(this.#pathOf(id))) as ReadableStream<Uint8Array>

  readonly drop = (id: string): Promise<void> => rm(this.#pathOf(id), { force: true })

  /** Deletes all. */
  end(): void {
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true })
  }

  #pathOf(id: string): string {
    return join(this.#made ?? '', id)
  }
}
