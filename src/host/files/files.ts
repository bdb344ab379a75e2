import { isAscii } from 'node:buffer'
import { closeSync, type Dirent, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ParseError } from '../../core/parse-error.ts'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import type { Found } from '../../formats/found.ts'
import { ChunkReader, LARGEST_TEXT, refuseLongText } from '../../formats/read-chunks.ts'
import type { Note } from '../../questions/words/note.ts'
import { readCpuidText } from './cpuid-device.ts'
import { codeOf, FileError, fileError } from './file-error.ts'

/** A file to read. One that was met in a directory need not hold a CPU. */
export interface InputFile {
  readonly path: string
  readonly named: boolean
}

/**
 * The files that command line arguments stand for: a directory stands for its regular files, recursively, in
 * bytewise order of their paths; dot-files and symbolic links to directories are passed over.
 * @throws FileError for a named directory that cannot be read; a missing file is found when it is opened, and so is a
 *   folder in it that cannot be read, which is named like a file
 */
export function* filesOf(paths: readonly string[]): Generator<InputFile> {
  for (const path of paths) {
    if (path === STDIN || !isDirectory(path)) yield { path, named: true }
    else for (const found of sorted(below(path))) yield { path: found, named: false }
  }
}

function* below(directory: string, named = true): Generator<string> {
  const entries = list(directory)
  if (entries instanceof FileError) {
    if (named) throw entries
    yield directory
    return
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = directory.endsWith('/') ? directory + entry.name : `${directory}/${entry.name}`
    if (entry.isDirectory()) yield* below(path, false)
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path))) yield path
  }
}

function list(directory: string): Dirent[] | FileError {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    return fileError('open', directory, error)
  }
}

function sorted(paths: Iterable<string>): string[] {
  const keyed = Array.from(paths, path => ({ path, key: Buffer.from(path) }))
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ path }) => path)
}

/** Whether it is a directory, or a link to one. */
export const isDirectory = (path: string): boolean => stat(path)?.isDirectory() ?? false

/** Whether it is a file that can be read a second time. */
export const isFile = (path: string): boolean => stat(path)?.isFile() ?? false

/** Undefined where there is nothing, or where it cannot be seen. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

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
  const buffer = spare ?? Buffer.allocUnsafe(CHUNK)
  spare = undefined
  try {
    for (let size = read(fd, buffer, path); size > 0; size = read(fd, buffer, path))
      yield buffer.subarray(0, size)
  } finally {
    spare = buffer
    if (fd !== 0) closeSync(fd)
  }
}

/** The buffer that no file is being read into: fresh memory costs more than reading a small file. */
let spare: Buffer | undefined

/** All bytes of a file up to `limit`; undefined where there are more. @throws FileError */
export function readWhole(path: string, limit: number): Buffer | undefined {
  const chunks: Buffer[] = []
  let size = 0
  for (const chunk of readBytes(path)) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(Buffer.from(chunk))
  }
  const [first, ...more] = chunks
  return first && more.length === 0 ? first : Buffer.concat(chunks)
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
  const dialects = () => import('../../formats/dialects.ts')
  const reader = new ChunkReader({ ...taker, source: path, dialects, ascii })
  for (const chunk of taker.asVirsh ? chunks : withOwnModels(path, chunks)) if (!reader.write(chunk)) break
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
  return decodeBytes(Buffer.concat([...withOwnModels(path, [gunzipped(bytes, path)])]))
}

/** The text of a file's bytes, in whatever encoding. @throws ParseError for a gzip file that is cut, or too long */
export const textOfBytes = (bytes: Buffer, path: string): string => decodeBytes(gunzipped(bytes, path))

/** The bytes, those of a gzip file unpacked. @throws ParseError for one that is cut, or too long */
function gunzipped(bytes: Buffer, path: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return process.getBuiltinModule('node:zlib').gunzipSync(bytes, { maxOutputLength: LARGEST_TEXT })
  } catch (cause) {
    throw new ParseError('a gzip file that is cut, damaged or too long', path, 0, 0, '', { cause })
  }
}

/** Where Proxmox VE keeps the cluster's own models, from where it keeps its VMs, and where people put them. */
const OWN_MODELS = [
  'cpu-models.conf',
  '../virtual-guest/cpu-models.conf',
  '../../../virtual-guest/cpu-models.conf',
]

/** A VM's configuration with the models of its platform's own that it may be of, where their file lies beside it. */
function* withOwnModels(path: string, chunks: Iterable<Buffer>): Generator<Buffer> {
  let isWanted = false
  for (const chunk of chunks) {
    isWanted ||= /^\s*[a-z#]/.test(chunk.toString('latin1', 0, 64)) && chunk.includes('custom-')
    yield chunk
  }
  if (!isWanted || !isFile(path) || basename(path) === OWN_MODELS[0]) return
  const file = OWN_MODELS.map(name => join(dirname(path), name)).find(isFile)
  const models = file === undefined ? undefined : readWhole(file, CHUNK)
  if (models) yield Buffer.concat([Buffer.from(`\n==> ${OWN_MODELS[0]} <==\n`), models])
}

/**
 * The note on a file of a directory that is left out.
 * @param error what reading it threw; absent: it holds nothing of use
 */
export async function noteOfFile(path: string, error?: unknown): Promise<Note> {
  const { noteOfSkipped } = await import('../../questions/input/skipped.ts')
  const bytes = isFile(path) ? headOf(path) : undefined
  return noteOfSkipped({ path, bytes, text: bytes && decodeBytes(bytes), error })
}

/** Undefined where nothing can be read. */
function headOf(path: string): Buffer | undefined {
  try {
    const [chunk] = readBytes(path)
    return chunk ? Buffer.from(chunk) : Buffer.alloc(0)
  } catch (error) {
    if (error instanceof FileError) return undefined
    throw error
  }
}
