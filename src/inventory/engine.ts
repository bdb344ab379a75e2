import { createHash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, mkdir, realpath, rm, stat } from 'node:fs/promises'
import { connect as connectTo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { InventoryError, load, orFault, orFolderFault } from './fault.ts'
import type { Db, Tables } from './schema.ts'

/** Where an inventory is: a folder, the URL of a PostgreSQL database, or nowhere: what it has ends with it. */
export type InventoryPlace =
  | { readonly folder: string }
  | { readonly url: string }
  | { readonly inMemory: true }

/** A database that answers, and what ends it. */
export interface SqlEngine {
  readonly db: Db
  /** That of a folder answers one request after the other. */
  readonly isShared: boolean
  readonly close: () => Promise<void>
}

/** @throws InventoryError */
export async function startEngine(place: InventoryPlace): Promise<SqlEngine> {
  const { Kysely, PostgresDialect } = await load('kysely', () => import('kysely'))
  const { pool, close, isShared } =
    'url' in place ? await poolOf(place.url) : await poolIn('folder' in place ? place.folder : undefined)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  const end = async () => {
    await db.destroy()
    await close()
  }
  return { db, isShared, close: end }
}

type OpenPool = Pick<SqlEngine, 'isShared' | 'close'> & { readonly pool: PostgresPool }

/** How long a server may take to answer a connection, in ms. */
const PATIENCE = 5000

async function poolOf(url: string): Promise<OpenPool> {
  const { default: pg } = await load('pg', () => import('pg'))
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: PATIENCE,
    application_name: 'virt-cpu',
    keepAlive: true,
  })
  // A connection that breaks while nobody uses it is replaced.
  pool.on('error', () => {})
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = await orFault(() => pool.connect())
    // One that breaks between two statements of a transaction makes the next fail.
    client.removeAllListeners('error').on('error', () => {})
    return {
      query: (text: string, values: readonly unknown[] = []) =>
        orFault(async () => {
          const { command, rowCount, rows } = await client.query({
            name: nameOf(text),
            text,
            values: [...values],
          })
          return { command: command as 'SELECT', rowCount: rowCount ?? 0, rows }
        }),
      release: () => client.release(),
    } as PostgresPoolClient
  }
  return { pool: { connect, end: () => pool.end() }, isShared: true, close: async () => {} }
}

/** Statements that begin with a comment are called so, and planned once for each connection: planning takes longer than they. */
const nameOf = (text: string): string | undefined => /^\s*-- ([\w ]+)\n/.exec(text)?.[1]

/** One by one: where the kernel has no place for a folder, as in `/proc`, Node 20's `recursive` never ends. */
async function makeFolder(folder: string): Promise<void> {
  const above = dirname(folder)
  if (!existsSync(above)) await makeFolder(above)
  try {
    await mkdir(folder, 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error
  }
}

const dataIn = (folder: string): string => join(folder, 'pg')

/** PGlite alone would not say what is wrong. */
async function checkFolder(folder: string): Promise<void> {
  const data = dataIn(folder)
  for (const one of existsSync(data) ? [folder, data] : [folder])
    await access(one, constants.W_OK | constants.X_OK)
}

/** PGlite has one session: who has it keeps it until it is given back. */
async function poolIn(folder: string | undefined): Promise<OpenPool> {
  const { PGlite } = await load('@electric-sql/pglite', () => import('@electric-sql/pglite'))
  const { pg_trgm } = await import('@electric-sql/pglite/contrib/pg_trgm')
  const unlock =
    folder === undefined
      ? async () => {}
      : await orFolderFault(folder, async () => {
          await makeFolder(folder)
          await checkFolder(folder)
          return lockFolder(folder)
        })
  const at = folder === undefined ? {} : { dataDir: dataIn(folder) }
  const open = () => PGlite.create({ ...at, extensions: { pg_trgm } })
  const pglite = await orFault(open).catch(async error => {
    await unlock()
    throw error
  })
  let last: Promise<unknown> = Promise.resolve()
  const connect = async (): Promise<PostgresPoolClient> => {
    let release = () => {}
    const before = last
    last = new Promise<void>(done => {
      release = done
    })
    await before
    return {
      query: (text: string, values: readonly unknown[] = []) =>
        orFault(async () => {
          const { rows, affectedRows = 0 } = await pglite.query(text, [...values])
          return { command: 'SELECT' as const, rowCount: affectedRows, rows }
        }),
      release,
    } as PostgresPoolClient
  }
  const close = async () => {
    await pglite.close().finally(unlock)
  }
  return { pool: { connect, end: async () => {} }, isShared: false, close }
}

/**
 * Keeps a folder to this process until the function that it returns is called, or the process ends however it does: a
 * socket that listens, whose name stays where a process was killed and answers nobody then. A number of a process would
 * say nothing across containers.
 * @throws InventoryError where another process has it
 */
async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = await socketOf(folder)
  for (let tries = 0; tries < 3; tries++) {
    const server = await listenAt(path)
    if (server) return () => new Promise(done => server.close(() => done()))
    if (await isAnswered(path)) break
    await rm(path, { force: true })
  }
  throw new InventoryError(
    'in-use',
    `another process has the inventory in ${folder}: end it, or ask its server`,
  )
}

/** The longest path of a socket on all systems. */
const LONGEST = 100

async function socketOf(folder: string): Promise<string> {
  const whole = await realpath(folder)
  const name = `virt-cpu-${createHash('sha256').update(whole).digest('hex').slice(0, 24)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const own = join(whole, 'lock')
  return own.length <= LONGEST ? own : join(tmpdir(), name)
}

/** Undefined: the name is taken. */
function listenAt(path: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? done(undefined) : fail(error),
    )
    server.listen(path, () => done(server.unref()))
  })
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise(done => {
    const socket = connectTo(path, () => done(true))
    socket.once('error', () => done(false)).once('close', () => socket.destroy())
    socket.once('connect', () => socket.destroy())
  })
}
