import { ParseError } from '../core/parse-error.ts'
import { decodeText } from '../formats/decode-text.ts'
import { detectFormat } from '../formats/detect.ts'
import type { FoundInput } from '../formats/input-cpu.ts'
import { inputsOfText } from '../formats/input-text.ts'

/** What one document may have. */
const LIMIT = 64 * 2 ** 20

/**
 * Reads what does not begin like XML: a dump of some tool's. Answers the bytes where it is none either: they
 * are then for the XML reader, since virsh takes text before an element.
 * @throws ParseError for a dump that is not complete, or too long
 */
export function readOther(
  path: string,
  chunks: Iterable<Buffer>,
  take: (found: FoundInput) => void,
): Iterable<Buffer> | undefined {
  const kept: Buffer[] = []
  let size = 0
  for (const chunk of chunks) {
    kept.push(Buffer.from(chunk))
    size += chunk.length
    if (size > LIMIT) throw new ParseError(`too long: more than ${LIMIT} bytes in one document`, path)
  }
  const text = decodeText(Buffer.concat(kept))
  const format = detectFormat(text)
  if (format === undefined || format === 'xml') return kept
  for (const found of inputsOfText(text, path)) take(found)
  return undefined
}
