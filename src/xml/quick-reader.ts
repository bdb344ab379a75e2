import type { Element } from './element.ts'
import { addText, type Sink } from './element.ts'
import type { Piece } from './token.ts'
import { startToken, type Token, tokenAfter } from './token.ts'

/** Builds elements from pieces that are nothing unusual. */
export class QuickReader {
  /** The piece in which the current top-level element began; while none is open, the next piece. */
  top = 0
  /** The line of that piece. */
  topLine = 1

  readonly #sink: Sink
  readonly #open: Building[] = []
  /** The content of the innermost open element. */
  #inner: (Element | string)[] | undefined
  #last: Token = startToken()
  /** The line of the next piece. */
  #line = 1

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Whether no element is open. */
  get idle(): boolean {
    return this.#open.length === 0
  }

  /** Forgets what is open; the next piece is number `at` and on `line`. */
  restart(at: number, line: number): void {
    this.#open.length = 0
    this.#inner = undefined
    this.#line = line
    this.#standOutside(at)
  }

  /**
   * Reads pieces on from `from`; answers the first one that it does not take on, or how many there are.
   * Until the loop is compiled its time is the number of its steps: most pieces are features, and get few.
   */
  read(pieces: readonly Piece[], from: number): number {
    let last = this.#last
    let inner = this.#inner
    let at = from
    for (; at < pieces.length; at++) {
      const piece = pieces[at] ?? ''
      const token = typeof piece === 'string' ? this.#recognise(last, piece) : piece
      if (token === undefined) break
      if (token.kind === 'leaf' && inner !== undefined) inner.push(token.element, token.text)
      else {
        if (inner === undefined) this.#standOutside(at)
        if (!this.#take(token)) break
        inner = this.#inner
      }
      this.#line += token.lines
      last = token
    }
    if (inner === undefined) this.#standOutside(at)
    this.#last = last
    return at
  }

  /** The token that followed last time is the first guess. */
  #recognise(last: Token, piece: string): Token | undefined {
    return last.next?.piece === piece ? last.next : tokenAfter(last, piece)
  }

  #standOutside(at: number): void {
    this.top = at
    this.topLine = this.#line
  }

  #take(token: Token): boolean {
    if (token.kind === 'open') return this.#descend(token)
    if (token.kind === 'close') return this.#ascend(token)
    if (this.#inner === undefined) {
      if (token.kind !== 'comment') this.#sink.element(token.element, this.#line)
      this.#sink.text(token.text, this.#line)
    } else {
      if (token.kind !== 'comment') this.#inner.push(token.element)
      addText(this.#inner, token.text)
    }
    return true
  }

  #descend({ element, text }: Token): boolean {
    if (this.#open.length === this.#sink.maxDepth) return false
    this.#inner = text === '' ? [] : [text]
    this.#open.push({ name: element.name, attributes: element.attributes, content: this.#inner })
    return true
  }

  #ascend({ element, text }: Token): boolean {
    const closed = this.#open[this.#open.length - 1]
    if (closed === undefined || element.name !== closed.name) return false
    this.#open.pop()
    this.#inner = this.#open[this.#open.length - 1]?.content
    if (this.#inner === undefined) {
      this.#sink.element(closed, this.topLine)
      this.#sink.text(text, this.#line)
    } else if (text === '') this.#inner.push(closed)
    else this.#inner.push(closed, text)
    return true
  }
}

interface Building extends Element {
  readonly content: (Element | string)[]
}
