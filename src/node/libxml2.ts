import { isFile } from './files.ts'
import { readWhole } from './read-bytes.ts'

/** Beyond this virsh refuses a file, so there are no words of its to repeat. */
export const WORDED = 10 * 2 ** 20

const OPEN = '<container>'
const CLOSE = '</container>'

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
  const file = bytes ?? (isFile(path) ? readWhole(path, WORDED) : undefined)
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
    if (error instanceof XmlParseError) return error.details[0]
    throw error
  }
}

function worded({ message, line, col }: Fault, wrapped: Buffer): string {
  const source = lineOf(wrapped, line)
  const before = Buffer.from(
    Array.from(source.toString('utf8'))
      .slice(0, col - 1)
      .join(''),
  )
  // An invalid byte is one character of libxml2's and three bytes of ours.
  const width = isValid(source) ? before.length : col - 1
  const words = OLDER_WORDS.reduce((text, [now, then]) => text.replace(now, then), message.replace(/\n$/, ''))
  const bytes = words.startsWith('Input is not proper') ? `\nBytes:${hexBytes(source, width)}` : ''
  return `at line ${line}: ${words}${bytes}\n${source.toString('utf8')}\n${'-'.repeat(width)}^`
}

const isValid = (bytes: Buffer): boolean => !bytes.toString('utf8').includes('\ufffd')

/** ` 0xE9 0x20 0x2D 0x2D`: four bytes from `at`. */
const hexBytes = (line: Buffer, at: number): string =>
  [...line.subarray(at, at + 4)]
    .map(byte => ` 0x${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

function lineOf(text: Buffer, line: number): Buffer {
  let start = 0
  for (let n = 1; n < line; n++) {
    const newline = text.indexOf(0x0a, start)
    if (newline < 0) break
    start = newline + 1
  }
  const end = text.indexOf(0x0a, start)
  return text.subarray(start, end < 0 ? undefined : end)
}
