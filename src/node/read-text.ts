import { isAscii } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { ParseError } from '../core/parse-error.ts'

/**
 * UTF-8 bytes as text, up to the first NUL: virsh takes a file for a C string.
 * @throws ParseError where the bytes are not UTF-8
 */
export function* readText(chunks: Iterable<Buffer>, source: string): Generator<string> {
  let decoder: TextDecoder | undefined
  for (const chunk of chunks) {
    const end = chunk.indexOf(0)
    const bytes = end < 0 ? chunk : chunk.subarray(0, end)
    if (!decoder && !isAscii(bytes)) decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    yield decoder ? decode(decoder, bytes, source) : bytes.toString('latin1')
    if (end >= 0) break
  }
  if (decoder) yield decode(decoder, undefined, source)
}

/** @param bytes undefined: there are no more */
function decode(decoder: TextDecoder, bytes: Buffer | undefined, source: string): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    throw new ParseError('not UTF-8 text', source, 0, 0, '', { cause })
  }
}
