import { fstatSync, writeSync } from 'node:fs'

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
