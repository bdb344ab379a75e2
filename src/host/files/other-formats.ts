import { ParseError } from '../../core/parse-error.ts'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import { detectFormat } from '../../formats/detect.ts'

export { inputsOfText } from '../../formats/input-text.ts'

/** What one document may have. */
const LIMIT = 64 * 2 ** 20

/**
 * The text of what does not begin like XML: a dump of some tool's. Answers the bytes where it is none either:
 * they are then for the XML reader, since virsh takes text before an element.
 * @throws ParseError where it is too long
 */
export function readOther(path: string, chunks: Iterable<Buffer>): string | Iterable<Buffer> {
  const kept: Buffer[] = []
  let size = 0
  for (const chunk of chunks) {
    kept.push(Buffer.from(chunk))
    size += chunk.length
    if (size > LIMIT) throw new ParseError(`too long: more than ${LIMIT} bytes in one document`, path)
  }
  const text = decodeBytes(Buffer.concat(kept))
  const format = detectFormat(text)
  return format === undefined || format === 'xml' ? kept : text
}
