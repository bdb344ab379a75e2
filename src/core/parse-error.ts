/** Bad input, and where. */
export class ParseError extends Error {
  override readonly name = 'ParseError'

  /** The fault and, where there is one, the remedy; one line, no full stop. */
  readonly what: string
  /** What the input is called: a file's path as typed, `<stdin>`; empty when it has no name. */
  readonly source: string
  /** 1-based; 0 when the fault has no place. */
  readonly line: number
  /** 1-based, in UTF-16 units; 0 when only the line is known. */
  readonly column: number
  /** The offending line, cut to about 100 characters; empty when there is none. */
  readonly excerpt: string
  /** Where in the excerpt the fault is, 1-based: the column, unless the line was cut in front. */
  readonly caret: number

  constructor(
    what: string,
    source = '',
    line = 0,
    column = 0,
    excerpt = '',
    options: ParseErrorOptions = {},
  ) {
    const { caret = column } = options
    const told = what.length > LONGEST ? `${what.slice(0, LONGEST)}…` : what
    const place = [source, line || '', (line && column) || ''].filter(part => part !== '').join(':')
    const shown = excerpt && caret ? `\n  ${excerpt}\n  ${' '.repeat(caret - 1)}^` : ''
    super(`${place ? `${place}: ` : ''}${told}${shown}`, options)
    this.what = told
    this.source = source
    this.line = line
    this.column = column
    this.excerpt = excerpt
    this.caret = caret
  }

  /** The fault at `offset` (UTF-16 units) of `input`. Long lines are cut to the part around the fault. */
  static at(what: string, input: string, offset: number, source = ''): ParseError {
    // A negative index is taken for 0, where a line may end that is not before the fault.
    const start = offset > 0 ? input.lastIndexOf('\n', offset - 1) + 1 : 0
    const line = countLines(input, start) + 1
    const stop = input.indexOf('\n', offset)
    const text = input.slice(start, stop < 0 ? undefined : stop).replace(/[\t\r]/g, ' ')
    const column = offset - start + 1
    const { excerpt, caret } = excerptAround(text, column)
    return new ParseError(what, source, line, column, excerpt, { caret })
  }

  /** The same fault in an input now known to be called `source`. */
  in(source: string): ParseError {
    const { what, line, column, excerpt, caret, cause } = this
    return new ParseError(what, source, line, column, excerpt, { caret, cause })
  }
}

interface ParseErrorOptions extends ErrorOptions {
  /** Where in the excerpt the fault is; absent: at the column. */
  readonly caret?: number
}

const WIDTH = 100

/** As much as is said of a fault: what is quoted may be as long as its text. */
const LONGEST = 1000

/** Cuts a long line around `column`. */
function excerptAround(text: string, column: number): { excerpt: string; caret: number } {
  if (text.length <= WIDTH) return { excerpt: text, caret: column }
  const from = Math.max(0, Math.min(column - WIDTH / 2, text.length - WIDTH))
  return { excerpt: text.slice(from, from + WIDTH), caret: column - from }
}

function countLines(input: string, end: number): number {
  let lines = 0
  for (let at = input.indexOf('\n'); at >= 0 && at < end; at = input.indexOf('\n', at + 1)) lines++
  return lines
}

/** The request itself is at fault: not JSON, no such verb, an input missing or of the wrong kind. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}
