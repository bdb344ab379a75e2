import { isFile, LARGEST_OF_VIRSH, readWhole } from './files.ts'

const OPEN = '<container>'
const CLOSE = '</container>'
/** What libxml2 calls a fault that it cannot read on after; virsh does not mind others, of namespaces for one. */
const FATAL = 3
const NEWLINE = 0x0a
const RETURN = 0x0d

/** Where the newer libxml2 that we have words a fault another way than the one behind most virsh. */
const OLDER_WORDS: readonly (readonly [now: RegExp, then: string])[] = [
  [/^Invalid bytes in character encoding$/, 'Input is not proper UTF-8, indicate encoding !'],
  [/^(Excessive depth in document: \d+), use/, '$1 use'],
]

/**
 * What virsh says about a file that is not well-formed, without its `error: `: line, libxml2's words, the
 * line itself and a caret. Undefined where libxml2 has nothing to object, or the file is too long for virsh.
 * @param bytes the file, where it cannot be read a second time
 */
export async function wordsOfLibxml2(path: string, bytes?: Buffer): Promise<string | undefined> {
  const file = bytes ?? (isFile(path) ? readWhole(path, LARGEST_OF_VIRSH) : undefined)
  if (!file) return undefined
  const wrapped = Buffer.concat([Buffer.from(OPEN), contentOf(file), Buffer.from(CLOSE)])
  const fault = await firstFault(wrapped)
  return fault && worded(fault, wrapped)
}

/** What virsh looks at: up to the first NUL, without an XML declaration at the very start. */
function contentOf(file: Buffer): Buffer {
  const nul = file.indexOf(0)
  const text = nul < 0 ? file : file.subarray(0, nul)
  if (!text.subarray(0, 5).equals(Buffer.from('<?xml'))) return text
  const end = text.indexOf('?>')
  return end < 0 ? text : text.subarray(end + 2)
}

interface Fault {
  readonly message: string
  readonly line: number
  /** 1-based, in characters. */
  readonly col: number
}

async function firstFault(wrapped: Buffer): Promise<Fault | undefined> {
  const { XmlDocument, XmlParseError } = await import('libxml2-wasm')
  try {
    XmlDocument.fromBuffer(wrapped).dispose()
    return undefined
  } catch (error) {
    if (error instanceof XmlParseError) return error.details.find(({ level }) => level === FATAL)
    throw error
  }
}

function worded({ message, line, col }: Fault, wrapped: Buffer): string {
  const words = OLDER_WORDS.reduce((text, [now, then]) => text.replace(now, then), message.replace(/\n$/, ''))
  const at = placeOf(wrapped, line, col)
  const bytes = words.startsWith('Input is not proper') ? `\nBytes:${hexBytes(wrapped, at)}` : ''
  const pointed = words.startsWith("Sequence ']]>'") ? startOfText(wrapped, at) : at
  return `at line ${line}: ${words}${bytes}\n${excerpt(wrapped, pointed)}`
}

/** The offset of a place that is told by line and characters. */
function placeOf(text: Buffer, line: number, col: number): number {
  const start = startOfLine(text, line)
  const end = text.indexOf(NEWLINE, start)
  const source = text.toString('utf8', start, end < 0 ? undefined : end)
  // An invalid byte is one character of libxml2's and three bytes of ours.
  if (source.includes('\ufffd')) return start + col - 1
  const before = Array.from(source).slice(0, col - 1)
  return start + Buffer.byteLength(before.join(''))
}

/** The libxml2 behind virsh has not moved on from where a text begins, unless there is more than ASCII in it. */
function startOfText(text: Buffer, at: number): number {
  const start = 1 + Math.max(text.lastIndexOf('>', at - 1), text.lastIndexOf(';', at - 1))
  return text.subarray(start, at).every(byte => byte < 0x80) ? start : at
}

/** The line, which a carriage return ends too, and under it a caret; tabs stay, so that it stands where it should. */
function excerpt(text: Buffer, at: number): string {
  const start = 1 + Math.max(text.lastIndexOf(NEWLINE, at - 1), text.lastIndexOf(RETURN, at - 1))
  const line = text.toString('latin1', start)
  const end = start + line.search(/[\r\n]|$/)
  const dashes = text.toString('latin1', start, at).replace(/[^\t]/g, '-')
  return `${text.toString('utf8', start, end)}\n${dashes}^`
}

/** ` 0xE9 0x20 0x2D 0x2D`: four bytes from `at`. */
const hexBytes = (text: Buffer, at: number): string =>
  [...text.subarray(at, at + 4)]
    .map(byte => ` 0x${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

function startOfLine(text: Buffer, line: number): number {
  let start = 0
  for (let n = 1; n < line; n++) {
    const newline = text.indexOf(NEWLINE, start)
    if (newline < 0) break
    start = newline + 1
  }
  return start
}
