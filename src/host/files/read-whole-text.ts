import { decodeBytes } from '../../formats/decode-bytes.ts'
import { LARGEST_TEXT, tooLong } from '../../formats/read-chunks.ts'
import { readWhole } from './read-bytes.ts'

/** The text of a file, in whatever encoding. @throws FileError; ParseError for more than `LARGEST_TEXT` bytes */
export function readWholeText(path: string): string {
  const bytes = readWhole(path, LARGEST_TEXT)
  if (!bytes) throw tooLong(path)
  return decodeBytes(bytes)
}
