import { fstatSync, writeSync } from 'node:fs'
import type { LibvirtVersion } from '../core/libvirt-version.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { type Context, contextOf } from '../questions/context.ts'

export const STDOUT = 1
export const STDERR = 2

/**
 * Writes all of the text before it returns, so that nothing is lost when the process ends and order is
 * kept between streams. A reader that has gone away ends the process quietly.
 */
export function write(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE' || code === 'ECONNRESET') process.exit(0) // a pipe, or a socket in its place
      if (code !== 'EAGAIN') throw error
      pause(5)
    }
  }
}

/** Blocks: a pipe that another process made non-blocking is full, or empty. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/**
 * How wide text may be: the terminal's columns, 100 where stdout is none. Asks the file before the stream: Node's
 * streams take 2 ms to load.
 */
export const terminalWidth = (): number =>
  fstatSync(STDOUT).isCharacterDevice() ? (process.stdout.columns ?? 100) : 100

/** Where the command is told to be: on this host, or with libvirt's built-in test driver. */
export type ConnectionDriver = 'host' | 'test'

/** What was said before the command, and how it answers. */
export class Session {
  readonly quiet: boolean
  /** Only what libvirt lets everyone do. */
  readonly readOnly: boolean
  /** Whether to print how long each command took. */
  readonly timing: boolean
  readonly driver: ConnectionDriver
  readonly libvirt: LibvirtVersion
  /** An installed libvirt's map; absent: the built-in data. */
  readonly cpuMap: string | undefined

  constructor(given: Pick<Session, 'quiet' | 'readOnly' | 'timing' | 'driver' | 'libvirt' | 'cpuMap'>) {
    this.quiet = given.quiet
    this.readOnly = given.readOnly
    this.timing = given.timing
    this.driver = given.driver
    this.libvirt = given.libvirt
    this.cpuMap = given.cpuMap
  }

  out(text: string): void {
    write(STDOUT, text)
  }

  err(text: string): void {
    write(STDERR, text)
  }
}

/** The database of a session: the built-in data, or the installed map that it names. @throws FileError, ParseError, LibvirtError */
export const openContext = async (session: Session): Promise<Context> =>
  contextOf(await openMap(session), session.libvirt)

async function openMap({ cpuMap }: Session): Promise<CpuMap> {
  if (cpuMap === undefined) return CpuMap.builtIn()
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return openCpuMap(cpuMap)
}
