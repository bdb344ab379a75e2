import { SaxesParser } from 'saxes'
import type { Cursor } from './cursor.ts'
import { type Element, noAttributes } from './element.ts'
import { addText, type Sink, tooLong } from './sink.ts'
import {
  BARE_AMPERSAND,
  declare,
  errorCodeOf,
  isDeclaration,
  OUTERMOST,
  resolve,
  type Scope,
  syntaxError,
} from './syntax-errors.ts'

/** What a piece can open whose text is none of markup, and what ends it. */
const SPANS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

/** Follows comments, CDATA sections and processing instructions from piece to piece. */
class Spans {
  /** What ends the one that is open. */
  until: string | undefined

  /** Moves over a piece; answers where in it a tag or text begins, undefined where it has neither. */
  enter(piece: string): number | undefined {
    let from = 0
    if (this.until === undefined) {
      const span = SPANS.find(([opening]) => piece.startsWith(opening))
      if (span === undefined) return 0
      from = span[0].length
      this.until = span[1]
    }
    const at = piece.indexOf(this.until, from)
    if (at < 0) return undefined
    from = at + this.until.length
    this.until = undefined
    return from
  }
}

/** Where the first `&` is that begins no reference, at `from` or later; -1 where there is none. */
function findBareAmpersand(piece: string, from: number): number {
  const at = piece.slice(from).search(/&(?!#?[^\s&;'"]+;)/)
  return at < 0 ? -1 : from + at
}

/**
 * Reads with saxes what the quick reader does not take on: the reference for what every piece means, and the
 * one source of error texts. It is given a document from `<` on, piece by piece, and moves `cursor` over
 * each; a piece begins with its `<` and reaches to the next one.
 */
export class StrictReader {
  /** The line it began on. */
  readonly topLine: number
  readonly #parser = new SaxesParser<typeof SAXES>(SAXES)
  readonly #cursor: Cursor
  readonly #sink: Sink
  readonly #open: Open[] = []
  /** Hands over a complete top-level element, or text outside of it: once saxes has no objection to the piece. */
  #found: (() => void)[] = []
  #piece = ''
  #line = 0
  /** How much saxes was given before the piece. */
  #before = ROOT.length + 2
  readonly #spans = new Spans()
  #inTag = false

  constructor(cursor: Cursor, sink: Sink) {
    this.#cursor = cursor
    this.#sink = sink
    this.topLine = cursor.line
    this.#parser.write(`<${ROOT}>`)
    this.#parser.on('opentag', tag => this.#start(tag.name, tag.attributes))
    this.#parser.on('closetag', () => this.#finish())
    this.#parser.on('text', text => this.#add(text))
    this.#parser.on('cdata', text => this.#add(text))
    this.#parser.on('error', error => this.#fail(error.message))
  }

  /** How much it was given so far, in UTF-16 units. */
  get size(): number {
    return this.#before - ROOT.length - 2
  }

  /** Whether no element, tag or comment is open, so that another reader can go on. */
  get idle(): boolean {
    return this.#open.length === 0 && this.#spans.until === undefined && !this.#inTag
  }

  /** Reads a piece. Throws ParseError. */
  feed(piece: string): void {
    this.#piece = piece
    this.#line = this.#cursor.line
    const lone = /[\ud800-\udfff]/.test(piece) ? piece.search(/\p{Cs}/u) : -1
    if (lone >= 0)
      throw this.#cursor.error(`${errorCodeOf(piece.charAt(lone))} is not allowed in XML`, piece, lone)
    this.#inTag ||= this.#spans.until === undefined && piece.startsWith('<')
    const from = this.#spans.enter(piece)
    if (from !== 0) this.#inTag = false
    // saxes would take everything up to the next `;` for the entity's name, and so point at the wrong place.
    const ampersand = from === undefined ? -1 : findBareAmpersand(piece, from)
    this.#parser.write(ampersand < 0 ? piece : piece.slice(0, ampersand))
    if (ampersand >= 0) throw this.#cursor.error(BARE_AMPERSAND, piece, ampersand)
    this.#before += piece.length
    this.#piece = ''
    this.#cursor.advance(piece)
    if (this.size > this.#sink.maxSize) throw tooLong(this.#sink, this.topLine)
    if (this.idle) this.#parser.write(`</${ROOT}>`) // hands over the text after the last tag
    for (const hand of this.#found.splice(0)) hand()
  }

  /** There is nothing more. Throws ParseError where something is still open. */
  end(): void {
    const { until } = this.#spans
    if (until === '-->') throw this.#cursor.error('the comment is never closed', '', 0)
    if (until !== undefined) throw this.#cursor.error(`no \`${until}\` before the end`, '', 0)
    if (this.#inTag) throw this.#cursor.error('the text ends inside a tag', '', 0)
    const open = this.#open.at(-1)
    if (open !== undefined) throw this.#cursor.error(`${nameOf(open)} is never closed`, '', 0)
  }

  #start(name: string, given: Readonly<Record<string, string>>): void {
    const parent = this.#open.at(-1)
    this.#inTag = false
    if (this.#open.length === this.#sink.maxDepth) {
      throw this.#cursor.error(`too deep: more than ${this.#sink.maxDepth} levels`, this.#piece, 0)
    }
    const scope = declare(parent?.scope ?? OUTERMOST, given)
    const attributes: Record<string, string> = noAttributes()
    for (const [key, value] of Object.entries(given)) {
      if (isDeclaration(key)) continue
      const full = resolve(scope, key, 'attribute')
      if (full in attributes) this.#fail(`duplicate attribute: ${full}.`)
      attributes[full] = value
    }
    const element = { name: resolve(scope, name, 'element'), attributes, content: [] }
    this.#open.push({ tag: name, line: this.#line, scope, element })
  }

  #finish(): void {
    const closing = this.#closing()
    const top = this.#open.at(-1)
    if (closing !== undefined && closing !== top?.tag) this.#fail('unexpected close tag.')
    if (top === undefined) return
    this.#inTag = false
    this.#open.pop()
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#found.push(() => this.#sink.element(top.element, top.line))
    else parent.element.content.push(top.element)
  }

  #add(text: string): void {
    const inner = this.#open.at(-1)
    if (inner !== undefined) addText(inner.element.content, text)
    else this.#found.push(() => this.#sink.text(text, this.#line))
  }

  /** The name in the closing tag that the piece is, undefined where it is none. */
  #closing(): string | undefined {
    return /^<\/([^\s>]*)/.exec(this.#piece)?.[1]
  }

  #fail(found: string): never {
    const offset = Math.max(0, this.#parser.position - 1 - this.#before)
    const character = String.fromCodePoint(this.#piece.codePointAt(offset) ?? 0)
    const open = this.#open.at(-1)
    const what = syntaxError(found, character, this.#closing() ?? '', open ? nameOf(open) : '')
    throw this.#cursor.error(what, this.#piece, Math.min(offset, this.#piece.length))
  }
}

const SAXES = { fragment: true, position: false, xmlns: false } as const

/** virsh reads a file inside an element, so that several documents and text around them are one. */
const ROOT = '_'

const nameOf = ({ tag, line }: Open): string => `<${tag}> of line ${line}`

interface Open {
  readonly tag: string
  readonly line: number
  readonly scope: Scope
  readonly element: {
    readonly name: string
    readonly attributes: Record<string, string>
    readonly content: (Element | string)[]
  }
}
