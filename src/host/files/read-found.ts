import { isAscii } from 'node:buffer'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import type { Found } from '../../formats/found.ts'
import { ChunkReader, LARGEST_TEXT, refuseLongText } from '../../formats/read-chunks.ts'
import { readWhole } from './read-bytes.ts'

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
