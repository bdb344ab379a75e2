import { isAscii } from 'node:buffer'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import type { Found } from '../../formats/found.ts'
import { ChunkReader, LARGEST_TEXT, refuseLongText } from '../../formats/read-chunks.ts'
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

/** How a file is read, and who takes what it holds. */
interface FoundTaker {
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts?: boolean | undefined
  /** Whether XML is read as virsh reads it: text before it is skipped, and a text in no dialect is no XML. */
  readonly asVirsh?: boolean | undefined
  /** Takes what the file holds, in its order. */
  readonly take: (found: Found) => void
}

/**
 * Reads what a file holds, in whatever dialect it is; XML in memory for one document.
 * @param path what errors call it
 * @throws FileError, ParseError, and what the taker throws
 */
export async function readFound(path: string, chunks: Iterable<Buffer>, taker: FoundTaker): Promise<void> {
  const reader = new ChunkReader({ ...taker, source: path, ascii })
  for (const chunk of chunks) if (!reader.write(chunk)) break
  await reader.end()
}

const ascii = (bytes: Uint8Array): string | undefined =>
  isAscii(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    : undefined

/** The text of a file, in whatever encoding. @throws FileError; ParseError for more than `LARGEST_TEXT` bytes */
export function readWholeText(path: string): string {
  const bytes = readWhole(path, LARGEST_TEXT)
  if (!bytes) throw refuseLongText(path)
  return decodeBytes(bytes)
}
