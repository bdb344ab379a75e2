import { ParseError } from '../core/parse-error.ts'
import { isCpuidRecords, parseCpuidRecords, printCpuidR } from './dumps/cpuid-r.ts'

/**
 * The text of a file of unknown encoding, as dumps are: by its byte order mark, else UTF-16 where every other byte
 * at the start is zero, else UTF-8, else Latin-1. The byte order mark is left out. Records of Linux's cpuid driver
 * are written out as `cpuid -r` would.
 */
export function decodeBytes(bytes: Uint8Array): string {
  if (isCpuidRecords(bytes)) return printCpuidR(parseCpuidRecords(bytes))
  const encoding = encodingOf(bytes)
  if (encoding !== undefined) return new TextDecoder(encoding).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('latin1').decode(bytes)
  }
}

function encodingOf([a, b, c, d]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if ((a === 0xff && b === 0xfe) || (a && b === 0 && c && d === 0)) return 'utf-16le'
  if ((a === 0xfe && b === 0xff) || (a === 0 && b && c === 0 && d)) return 'utf-16be'
  return undefined
}

/** How packed files begin (at an offset), what they are called, and the command that unpacks one. */
const PACKED: readonly (readonly [at: number, mark: string, title: string, command: string])[] = [
  [0, '\xfd7zXZ\0', 'xz', 'unxz'],
  [0, '(\xb5/\xfd', 'zstd', 'unzstd'],
  [0, 'BZh', 'bzip2', 'bunzip2'],
  [0, 'PK\x03\x04', 'a zip archive', 'unzip'],
  [0, '\x04"M\x18', 'lz4', 'unlz4'],
  [0, '\x1f\x9d', 'compress', 'uncompress'],
  [0, '7z\xbc\xaf\x27\x1c', 'a 7-Zip archive', '7z x'],
  [257, 'ustar', 'a tar archive', 'tar xf'],
]

const GZIP = '\x1f\x8b'

/** What a packed file is, by its first bytes, and whether it is one of many files; undefined: it is not packed. */
export function packedAs(
  bytes: Uint8Array,
): { readonly title: string; readonly isArchive: boolean } | undefined {
  if (begins(bytes, 0, GZIP)) return { title: 'gzip', isArchive: false }
  const [, , title] = PACKED.find(([at, mark]) => begins(bytes, at, mark)) ?? []
  return title === undefined ? undefined : { title, isArchive: title.endsWith('archive') }
}

const begins = (bytes: Uint8Array, at: number, mark: string): boolean =>
  [...mark].every((c, i) => bytes[at + i] === c.charCodeAt(0))

/**
 * The bytes, those of a gzip file unpacked.
 * @throws ParseError with the command that unpacks what is not unpacked here, for a gzip file that is cut, and for one
 *   with more than `most` bytes in it
 */
export async function unpacked(bytes: Uint8Array, most: number, source: string): Promise<Uint8Array> {
  const gzip = begins(bytes, 0, GZIP)
  const plain = gzip ? await gunzip(bytes, most, source) : bytes
  for (const [at, mark, title, command] of PACKED) {
    if (!begins(plain, at, mark)) continue
    const how = gzip && command === 'tar xf' ? 'tar xzf' : command
    throw new ParseError(`${title}: unpack it first (${how} ${source || 'FILE'})`, source)
  }
  return plain
}

async function gunzip(bytes: Uint8Array, most: number, source: string): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'))
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      chunks.push(chunk)
      size += chunk.length
      if (size > most) break
    }
  } catch (cause) {
    throw new ParseError('a gzip file that is cut or damaged', source, 0, 0, '', { cause })
  }
  if (size > most) throw new ParseError(`too long: more than ${most} bytes in it`, source)
  return joinBytes(chunks, size)
}

/** The chunks, `size` bytes in all, as one. */
export function joinBytes(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
