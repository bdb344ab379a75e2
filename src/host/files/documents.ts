import { InputReader, type InputReaderOptions } from '../../formats/libvirt/input-reader.ts'
import { readText } from './read-text.ts'

/** Who takes what a file holds, in order. */
export interface DocumentTaker extends Omit<InputReaderOptions, 'source'> {
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
