import { ParseError } from '../core/parse-error.ts'
import type { InputCpu } from '../formats/input-cpu.ts'
import { InputReader } from '../formats/input-reader.ts'
import { FileError } from './file-error.ts'
import { filesOf, type InputFile, isFile } from './files.ts'
import { Kept } from './kept.ts'
import { Namer } from './namer.ts'
import { readBytes, STDIN } from './read-bytes.ts'
import { readText } from './read-text.ts'

export interface CpuTaker {
  /** Takes each CPU, in order. */
  readonly cpu: (cpu: InputCpu) => void
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts?: boolean
  /** Is told of each file of a directory that holds no CPU. */
  readonly without?: (path: string) => void
  /**
   * What to throw for a file that is not well-formed; absent: the error as it is.
   * @param bytes how the input began, up to 10 MiB, where it cannot be read again
   */
  readonly fault?: (error: ParseError, bytes: Buffer | undefined) => Promise<unknown>
}

/**
 * Reads every CPU of files and directories, one at a time, in memory for one document. A host is called by
 * its path as typed, with `#N` where a file holds several.
 * @throws FileError; LibvirtError for a bad `<cpudata>`; ParseError for text that is not well-formed, with the
 *   path as source
 */
export async function readCpus(paths: readonly string[], take: CpuTaker): Promise<void> {
  for (const file of filesOf(paths)) if (!(await readFile(file, take))) take.without?.(file.path)
}

/**
 * As `readCpus`, of one file; answers false for one met in a directory that holds no CPU.
 * @throws as `readCpus`
 */
export async function readFile(file: InputFile, take: CpuTaker): Promise<boolean> {
  const namer = new Namer(file.path === STDIN ? '<stdin>' : file.path, take.cpu)
  const kept = isFile(file.path) ? undefined : new Kept()
  try {
    await readAll(file.path, namer, kept, take.hosts ?? false)
  } catch (error) {
    throw error instanceof ParseError && take.fault ? await take.fault(error, kept?.bytes) : error
  }
  const found = namer.end()
  if (found === 0 && file.named) throw withoutCpu(file.path)
  return found > 0
}

/** virsh's text. */
export const withoutCpu = (path: string): FileError => {
  const what = '<cpu> element or valid domain XML, host capabilities XML, or domain capabilities XML'
  return new FileError(path, `File '${path}' does not contain any ${what}`)
}

async function readAll(path: string, namer: Namer, kept: Kept | undefined, hosts: boolean): Promise<void> {
  const chunks = kept ? kept.keeping(readBytes(path)) : readBytes(path)
  const first = chunks.next()
  const head = first.done ? Buffer.alloc(0) : first.value
  const bytes = withFirst(head, chunks)
  if (looksLikeXml(head)) return readXml(path, bytes, namer, hosts)
  const { readOther } = await import('./other-formats.ts')
  const rest = readOther(path, bytes, found => namer.take(found))
  if (rest) readXml(path, rest, namer, hosts)
}

/** Whether the first thing that is not blank is a tag. A byte order mark is passed over. */
function looksLikeXml(head: Buffer): boolean {
  const start = head.subarray(0, 1024).toString('latin1')
  return /^(?:\xef\xbb\xbf)?\s*</.test(start)
}

function* withFirst(first: Buffer, rest: Iterable<Buffer>): Generator<Buffer> {
  if (first.length > 0) yield first
  yield* rest
}

function readXml(path: string, chunks: Iterable<Buffer>, namer: Namer, hosts: boolean): void {
  const reader = new InputReader({ source: path, hosts, take: found => namer.take(found) })
  for (const text of readText(chunks, path)) reader.write(text)
  reader.end()
}
