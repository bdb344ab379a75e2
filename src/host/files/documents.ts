import { isAscii } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { ParseError } from '../../core/parse-error.ts'
import { InputReader, type InputReaderOptions } from '../../formats/libvirt/input-reader.ts'

/**
 * UTF-8 bytes as text, up to the first NUL: virsh takes a file for a C string.
 * @throws ParseError where the bytes are not UTF-8
 */
function* readText(chunks: Iterable<Buffer>, source: string): Generator<string> {
  let decoder: TextDecoder | undefined
  let start: Buffer | undefined
  for (const chunk of chunks) {
    const end = chunk.indexOf(0)
    const bytes = end < 0 ? chunk : chunk.subarray(0, end)
    start ??= Buffer.from(bytes.subarray(0, 2))
    if (!decoder && !isAscii(bytes)) decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    yield decoder ? decode(decoder, bytes, source, start) : bytes.toString('latin1')
    if (end >= 0) break
  }
  if (decoder) yield decode(decoder, undefined, source, start)
}

/** What files begin with that people take for text, and what to do with them. */
const MENDS: Readonly<Record<string, string>> = {
  '1f8b': 'not UTF-8 text but gzip: unpack it first',
  fffe: 'not UTF-8 text but UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)',
  feff: 'not UTF-8 text but UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)',
}

/** @param bytes undefined: there are no more */
function decode(
  decoder: TextDecoder,
  bytes: Buffer | undefined,
  source: string,
  start: Buffer | undefined,
): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    const what = MENDS[start?.toString('hex') ?? ''] ?? 'not UTF-8 text'
    throw new ParseError(what, source, 0, 0, '', { cause })
  }
}

/** Who takes what a file holds, in order. */
interface DocumentTaker extends Omit<InputReaderOptions, 'source'> {
  /** Takes the whole text of a file that is not XML and in a format that can be told. */
  readonly text: (text: string) => void | Promise<void>
}

/**
 * Reads what a file holds, in memory for one document.
 * @param path what errors call it
 * @throws FileError, ParseError, and what the taker throws
 */
export async function readDocuments(
  path: string,
  chunks: Iterable<Buffer>,
  take: DocumentTaker,
): Promise<void> {
  const all = chunks[Symbol.iterator]()
  const first = all.next()
  const head = first.done ? Buffer.alloc(0) : first.value
  const bytes = withFirst(head, { [Symbol.iterator]: () => all })
  if (looksLikeXml(head)) return readXml(path, bytes, take)
  const { readOther } = await import('./other-formats.ts')
  const other = readOther(path, bytes)
  if (typeof other === 'string') await take.text(other)
  else readXml(path, other, take)
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

function readXml(path: string, chunks: Iterable<Buffer>, take: DocumentTaker): void {
  const reader = new InputReader({ ...take, source: path })
  for (const text of readText(chunks, path)) reader.write(text)
  reader.end()
}
