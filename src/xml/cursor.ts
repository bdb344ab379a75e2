import { ParseError } from '../core/parse-error.ts'
import { countLines, type Piece, textOfPiece } from './token.ts'

const WIDTH = 100 // how much of a line an excerpt shows

/** A place in a stream of text that is forgotten as it is read. Lines end in `\n`. */
export class Cursor {
  /** 1-based. */
  line: number
  /** How much of the line is behind the cursor, in UTF-16 units. */
  column = 0
  /** The first `WIDTH` units of that. */
  #head = ''

  readonly #source: string

  /** @param source what errors call the text */
  constructor(source: string, line = 1) {
    this.#source = source
    this.line = line
  }

  /** Moves over `text`. */
  advance(text: string): void {
    const newline = text.lastIndexOf('\n')
    this.line += countLines(text)
    if (newline < 0) this.#extend(text)
    else this.#startLine(text, newline)
  }

  /** Moves over `pieces[from]` to `pieces[to - 1]`, each after a `<`, known to hold `lines` newlines. */
  advanceOver(pieces: readonly Piece[], from: number, to: number, lines: number): void {
    const text = (at: number) => textOfPiece(pieces[at] ?? '')
    let at = to
    while (at > from && !text(at - 1).includes('\n')) at--
    const last = at > from ? text(at - 1) : ''
    if (at > from) this.#startLine(last, last.lastIndexOf('\n'))
    this.line += lines
    for (; at < to; at++) this.#extend(`<${text(at)}`)
  }

  /** The fault at `offset` of `text`, which begins at the cursor. The excerpt ends where `text` does. */
  error(what: string, text: string, offset: number): ParseError {
    const place = new Cursor('')
    place.line = this.line
    place.column = this.column
    place.#head = this.#head
    place.advance(text.slice(0, offset))
    const column = place.column + 1
    // A caret under a line cut in front would contradict the column, so far columns show no excerpt.
    const rest = /^[^\n]*/.exec(text.slice(offset, offset + WIDTH))?.[0] ?? ''
    const excerpt =
      column > WIDTH ? '' : (place.#head + rest).slice(0, WIDTH).replace(/[^\x20-\x7e\xa0-\ud7ff]/g, ' ')
    return new ParseError(what, this.#source, place.line, column, excerpt)
  }

  #startLine(text: string, newline: number): void {
    this.column = text.length - newline - 1
    this.#head = text.slice(newline + 1, newline + 1 + WIDTH)
  }

  #extend(text: string): void {
    this.column += text.length
    if (this.#head.length < WIDTH) this.#head = (this.#head + text).slice(0, WIDTH)
  }
}
