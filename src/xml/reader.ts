import { ParseError } from '../core/parse-error.ts'
import { type Element, refuseLongElement, type Sink } from './element.ts'
import { QuickReader } from './quick-reader.ts'
import { StrictReader } from './strict-reader.ts'
import { Cursor, type Piece, splitPieces, startToken, textOfPiece, tokenAfter } from './token.ts'

// Over 150 lines: what the two readers have in common, pieces, places and lines, is kept in step here and nowhere else.

export interface XmlReaderOptions {
  /** Takes each top-level element, once the next `<` or the end is there, and the line it begins on. */
  readonly onElement: (element: Element, line: number) => void
  /** Takes text outside every element where it is not only white space, and the line of the tag before it. */
  readonly onText?: (text: string, line: number) => void
  /** What errors call the input. */
  readonly source?: string
  /** The number of its first line, where lines before it were read elsewhere; 1 if not given. */
  readonly line?: number
  /** How many elements may be open at once. 256, as in libxml2, if not given. */
  readonly maxDepth?: number
  /** How long a top-level element may be, in UTF-16 units. 64 Mi if not given. */
  readonly maxSize?: number
}

const CHUNK = 2 ** 20

/**
 * Reads a stream of XML elements in a row, with any text and comments between them, in memory for one of them.
 * Well-formed is what libvirt takes, which wraps a file in one element: no DOCTYPE and no entities but the five,
 * an XML declaration only at the very start, no NUL. Comments and processing instructions are passed over.
 *
 * There are two ways with one result. The text is split at `<`, and each piece looked up among those known. Where
 * a piece is unusual, the current top-level element goes to the `StrictReader`, from its start.
 */
export class XmlReader {
  readonly #sink: Sink
  readonly #quick: QuickReader
  /** Reads in the quick reader's place while it is there. */
  #strict: StrictReader | undefined
  /** Stands before `#pieces[#base]`. */
  readonly #cursor: Cursor
  #base = 0
  /** What is not read, and what the strict reader may still want. Each piece follows a `<`. */
  #pieces: Piece[] = []
  /** The units of the pieces from the current top-level element on, each `<` counted, up to `#pieces[#counted]`. */
  #size = 0
  #counted = 0
  /** The text after the last `<`, as it came, and its length. */
  #tail: string[] = []
  #tailSize = 0
  /** What may still come first: text, then an XML declaration. */
  #first: 'text' | 'declaration' | undefined = 'text'

  constructor(options: XmlReaderOptions) {
    const { onElement, onText, source = '', line = 1, maxDepth = 256, maxSize = 2 ** 26 } = options
    const text = (text: string, line: number) => onText && /[^ \t\n]/.test(text) && onText(text, line)
    this.#sink = { source, maxDepth, maxSize, element: onElement, text }
    this.#cursor = new Cursor(source, line)
    this.#quick = new QuickReader(this.#sink)
    this.#quick.restart(0, line)
  }

  /** Reads on. Throws ParseError; the reader is then of no more use. */
  write(text: string): void {
    const step = Math.min(CHUNK, this.#sink.maxSize)
    if (text.length <= step) this.#write(text)
    else for (let at = 0; at < text.length; at += step) this.#write(text.slice(at, at + step))
  }

  /** There is nothing more. Throws ParseError where an element, a tag or a comment is not complete. */
  end(): void {
    this.#read([this.#takeTail()])
    if (!this.#quick.idle) this.#handOver(this.#pieces.length)
    this.#strict?.end()
  }

  #write(text: string): void {
    const { maxSize } = this.#sink
    // Only the strict reader counts: no element within one chunk is too long.
    if (this.#size + this.#tailSize + text.length > maxSize)
      this.#strict ??= this.#handOver(this.#pieces.length)
    const pieces = splitPieces(text)
    const last = textOfPiece(pieces.pop() ?? '')
    if (pieces.length > 0) {
      pieces[0] = this.#takeTail() + textOfPiece(pieces[0] ?? '')
      this.#read(pieces)
    }
    this.#tail.push(last)
    this.#tailSize += last.length
    if (this.#strict && this.#strict.size + this.#tailSize > maxSize)
      throw refuseLongElement(this.#sink, this.#strict.topLine)
  }

  #takeTail(): string {
    const tail = this.#tail.join('')
    this.#tail = []
    this.#tailSize = 0
    return tail
  }

  #read(pieces: Piece[]): void {
    if (this.#first !== undefined) this.#readStart(pieces)
    let at = this.#pieces.length
    if (at === 0) this.#pieces = pieces
    else for (const piece of pieces) this.#pieces.push(piece)
    while (at < this.#pieces.length) {
      if (this.#strict === undefined) at = this.#quick.read(this.#pieces, at)
      if (at < this.#pieces.length) this.#readStrictly(this.#strict ?? this.#handOver(at), at++)
    }
    this.#forget()
  }

  /** Takes what follows no `<`, and an XML declaration, from the front of `pieces`. */
  #readStart(pieces: Piece[]): void {
    if (this.#first === 'text') {
      const text = textOfPiece(pieces.shift() ?? '')
      this.#first = text === '' ? 'declaration' : undefined
      this.#readText(text)
    }
    if (this.#first === undefined || pieces[0] === undefined) return
    this.#first = undefined
    const piece = textOfPiece(pieces[0])
    const end = piece.startsWith('?xml') ? piece.indexOf('?>') + 2 : 0
    if (end < 2) return
    pieces.shift()
    this.#cursor.advance(`<${piece.slice(0, end)}`) // not even looked at: virsh does not either
    this.#readText(piece.slice(end))
  }

  #readText(text: string): void {
    if (tokenAfter(startToken(), `!---->${text}`) === undefined) {
      this.#strict = new StrictReader(this.#cursor, this.#sink)
      this.#strict.feed(text)
      this.#resume(this.#strict)
    } else {
      this.#sink.text(text, this.#cursor.line)
      this.#cursor.advance(text)
      this.#quick.restart(this.#base, this.#cursor.line)
    }
  }

  /** Has the strict reader read what is open, up to `#pieces[end]`. */
  #handOver(end: number): StrictReader {
    const { top, topLine } = this.#quick
    this.#cursor.advanceOver(this.#pieces, this.#base, top, topLine - this.#cursor.line)
    this.#strict = new StrictReader(this.#cursor, this.#sink)
    for (let at = top; at < end; at++) this.#strict.feed(this.#text(at))
    this.#base = end
    this.#quick.restart(end, this.#cursor.line)
    return this.#strict
  }

  #readStrictly(strict: StrictReader, at: number): void {
    strict.feed(this.#text(at))
    this.#base = at + 1
    this.#resume(strict)
  }

  /** A piece with its `<`. */
  #text = (at: number): string => `<${textOfPiece(this.#pieces[at] ?? '')}`

  /** Lets the quick reader go on as soon as nothing is open. */
  #resume(strict: StrictReader): void {
    if (!strict.idle) return
    this.#strict = undefined
    this.#quick.restart(this.#base, this.#cursor.line)
  }

  /** Drops the pieces that nobody wants any more. */
  #forget(): void {
    const { top, topLine } = this.#quick
    const from = this.#strict === undefined ? top : this.#pieces.length
    if (this.#strict === undefined)
      this.#cursor.advanceOver(this.#pieces, this.#base, from, topLine - this.#cursor.line)
    if (from > 0) {
      this.#pieces = this.#pieces.slice(from)
      this.#size = this.#counted = 0
    }
    for (; this.#counted < this.#pieces.length; this.#counted++) {
      this.#size += this.#text(this.#counted).length
    }
    this.#quick.top = 0
    this.#base = 0
  }
}

/**
 * The one element of an XML document. A byte order mark and an XML declaration in front are passed over.
 * @param source what errors call the text
 * @throws ParseError where it is not well-formed, has no element, several, or text beside it
 */
export function parseXml(text: string, source = ''): Element {
  let only: Element | undefined
  const reader = new XmlReader({
    source,
    onElement: (element, line) => {
      if (only) throw new ParseError('a second element after the document', source, line)
      only = element
    },
    onText: (_, line) => {
      throw new ParseError('text outside the document element', source, line)
    },
  })
  reader.write(text.startsWith('\ufeff') ? text.slice(1) : text)
  reader.end()
  if (only === undefined) throw new ParseError('no XML element', source)
  return only
}

/**
 * The top-level elements of a text that holds several documents in a row, as virsh reads a file: other text and
 * comments between them are passed over. None is an answer.
 * @throws ParseError where it is not well-formed
 */
export function parseAll(text: string, source = ''): Element[] {
  const found: Element[] = []
  const reader = new XmlReader({ source, onElement: element => found.push(element) })
  reader.write(text)
  reader.end()
  return found
}

/** `text` up to the first NUL: virsh takes a file for a C string. */
export function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
