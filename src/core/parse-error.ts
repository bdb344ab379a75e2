/** Bad input, and where. */
export class ParseError extends Error {
  override readonly name = 'ParseError'

  /** The fault and, where there is one, the mend; one line, no full stop. */
  readonly what: string
  /** What the input is called: a file's path as typed, `<stdin>`; empty when it has no name. */
  readonly source: string
  /** 1-based; 0 when the fault has no place. */
  readonly line: number
  /** 1-based, in UTF-16 units, of the excerpt where there is one; 0 when only the line is known. */
  readonly column: number
  /** The offending line, cut to about 100 characters; empty when there is none. */
  readonly excerpt: string

  constructor(what: string, source = '', line = 0, column = 0, excerpt = '', options?: ErrorOptions) {
    const place = [source, line || '', (line && column) || ''].filter(part => part !== '').join(':')
    const caret = excerpt && column ? `\n  ${excerpt}\n  ${' '.repeat(column - 1)}^` : ''
    super(`${place ? `${place}: ` : ''}${what}${caret}`, options)
    this.what = what
    this.source = source
    this.line = line
    this.column = column
    this.excerpt = excerpt
  }

  /** The fault at `offset` (UTF-16 units) of `input`. Long lines are cut to the part around the fault. */
  static at(what: string, input: string, offset: number, source = ''): ParseError {
    // A negative index is taken for 0, where a line may end that is not before the fault.
    const start = offset > 0 ? input.lastIndexOf('\n', offset - 1) + 1 : 0
    const line = countLines(input, start) + 1
    const stop = input.indexOf('\n', offset)
    const text = input.slice(start, stop < 0 ? undefined : stop).replace(/[\t\r]/g, ' ')
    const column = offset - start + 1
    return new ParseError(what, source, line, ...excerptAround(text, column))
  }

  /** The same fault in an input now known to be called `source`. */
  in(source: string): ParseError {
    return new ParseError(this.what, source, this.line, this.column, this.excerpt, { cause: this.cause })
  }
}

const WIDTH = 100

/** Cuts a long line around `column`; the column answered is that of the cut line's caret. */
function excerptAround(text: string, column: number): [column: number, excerpt: string] {
  if (text.length <= WIDTH) return [column, text]
  const from = Math.max(0, Math.min(column - WIDTH / 2, text.length - WIDTH))
  return [column - from, text.slice(from, from + WIDTH)]
}

function countLines(input: string, end: number): number {
  let lines = 0
  for (let at = input.indexOf('\n'); at >= 0 && at < end; at = input.indexOf('\n', at + 1)) lines++
  return lines
}
