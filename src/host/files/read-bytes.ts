import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { readCpuidText } from './cpuid-device.ts'
import { codeOf, fileError } from './file-error.ts'

/** Small enough that what a chunk turns into dies young, large enough that reading costs nothing. */
const CHUNK = 1 << 15

/** How much virsh reads of a file, in bytes; it refuses a longer one. */
export const LARGEST_OF_VIRSH = 10 * 2 ** 20

/** What stands for standard input among files. */
export const STDIN = '-'

/** Whether it is a device of Linux's cpuid driver: to read one as a file would never end. */
export const isCpuidDevice = (path: string): boolean =>
  /\/cpuid$/.test(path) && (statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() ?? false)

/**
 * The bytes of a file, or of standard input for `-`, in chunks. A chunk is overwritten by the next one.
 * A device of the cpuid driver, which has no end, is what `cpuid -r` prints.
 * @throws FileError
 */
export function* readBytes(path: string): Generator<Buffer> {
  if (isCpuidDevice(path)) {
    yield readCpuidText(path)
    return
  }
  const fd = path === STDIN ? 0 : open(path)
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    for (let size = read(fd, buffer, path); size > 0; size = read(fd, buffer, path))
      yield buffer.subarray(0, size)
  } finally {
    if (fd !== 0) closeSync(fd)
  }
}

/** All bytes of a file up to `limit`; undefined where there are more. @throws FileError */
export function readWhole(path: string, limit: number): Buffer | undefined {
  const chunks: Buffer[] = []
  let size = 0
  for (const chunk of readBytes(path)) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw fileError('open', path, error)
  }
}

/** Waits for bytes; 0 at the end. Standard input may be a terminal or a pipe that does not block. */
export function read(fd: number, buffer: Uint8Array, path: string): number {
  for (;;) {
    try {
      return readSync(fd, buffer, 0, buffer.length, null)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EOF') return 0 // a closed console on Windows
      if (code !== 'EAGAIN') throw fileError('read', path, error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
