import type { Cpu } from '../core/cpu.ts'
import { ParseError } from '../core/parse-error.ts'
import { HostText } from '../formats/host-text.ts'
import type { InputCpu } from '../formats/input-cpu.ts'
import { inputsOfElement } from '../formats/input-element.ts'
import { XmlReader } from '../xml/reader.ts'
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
const withoutCpu = (path: string): FileError => {
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

/** A bad `<cpudata>` is reported when the file has been read: what is not XML comes first. */
function readXml(path: string, chunks: Iterable<Buffer>, namer: Namer, hosts: boolean): void {
  const faults: unknown[] = []
  const texts = readText(chunks, path)
  const front = hosts ? readHosts(texts, cpu => namer.take({ kind: 'host', cpu })) : NOTHING
  if (front.ended && front.rest === '') return
  const reader = new XmlReader({
    source: path,
    line: front.lines + 1,
    onElement: element => {
      try {
        for (const found of inputsOfElement(element)) namer.take(found)
      } catch (error) {
        faults.push(error)
      }
    },
  })
  reader.write(front.rest)
  for (const text of texts) reader.write(text)
  reader.end()
  if (faults.length > 0) throw faults[0]
}

/** What was read of a text by another way than the XML reader's. */
interface Front {
  /** What follows it, as far as it has been read. */
  readonly rest: string
  /** Whether nothing follows that. */
  readonly ended: boolean
  /** How many lines it has. */
  readonly lines: number
}

const NOTHING: Front = { rest: '', ended: false, lines: 0 }

/**
 * Takes hosts from the front of the text, as long as nothing else comes. Answers what was read of the rest, and
 * after how many lines.
 */
function readHosts(texts: Iterator<string>, take: (cpu: Cpu) => void): Front {
  const reader = new HostText()
  let rest = ''
  for (let text = texts.next(); !text.done; text = texts.next()) {
    rest += text.value
    rest = rest.slice(reader.readAll(rest, 0, take))
    if (!reader.expects(rest)) return { rest, ended: false, lines: reader.lines }
  }
  return { rest, ended: true, lines: reader.lines }
}
