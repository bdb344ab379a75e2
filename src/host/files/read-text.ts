import { isAscii } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { ParseError } from '../../core/parse-error.ts'

/**
 * UTF-8 bytes as text, up to the first NUL: virsh takes a file for a C string.
 * @throws ParseError where the bytes are not UTF-8
 */
export function* readText(chunks: Iterable<Buffer>, source: string): Generator<string> {
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
