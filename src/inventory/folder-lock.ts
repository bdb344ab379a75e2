import { createHash } from 'node:crypto'
import { realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InventoryError } from './fault.ts'

/**
 * Keeps a folder to this process until the function that it returns is called, or the process ends however it does: a
 * socket that listens, whose name stays where a process was killed and answers nobody then. A number of a process would
 * say nothing across containers.
 * @throws InventoryError where another process has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
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
    const socket = connect(path, () => done(true))
    socket.once('error', () => done(false)).once('close', () => socket.destroy())
    socket.once('connect', () => socket.destroy())
  })
}
