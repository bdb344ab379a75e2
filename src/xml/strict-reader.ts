import { SaxesParser } from 'saxes'
import type { Cursor } from './cursor.ts'
import { addText, type Element, noAttributes, refuseLongElement, type Sink } from './element.ts'

/** The prefixes in force inside an element; the empty prefix is the default namespace, `''` is no namespace. */
export type Scope = ReadonlyMap<string, string>

/** What is in force outside every element. */
export const OUTERMOST: Scope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']])

/** `outer` with the declarations among `attributes`; `outer` itself where there are none. */
export function declare(outer: Scope, attributes: Readonly<Record<string, string>>): Scope {
  let inner: Map<string, string> | undefined
  for (const [name, uri] of Object.entries(attributes)) {
    if (!isDeclaration(name)) continue
    const prefix = name.slice('xmlns:'.length)
    if (prefix && !uri) continue // a prefix cannot be undeclared in XML 1.0; libxml2 overlooks the attempt
    inner ??= new Map(outer)
    inner.set(prefix, uri)
  }
  return inner ?? outer
}

/** Whether an attribute of this name declares a namespace. */
export const isDeclaration = (name: string): boolean => name === 'xmlns' || name.startsWith('xmlns:')

/**
 * The name in Clark notation, `{uri}local`; unchanged where it is in no namespace or its prefix is undeclared.
 * The default namespace is for elements only.
 */
export function resolve(scope: Scope, name: string, kind: 'element' | 'attribute'): string {
  const colon = name.indexOf(':')
  if (colon > 0) {
    const uri = scope.get(name.slice(0, colon))
    return uri && colon < name.length - 1 ? `{${uri}}${name.slice(colon + 1)}` : name
  }
  const uri = kind === 'element' ? scope.get('') : undefined
  return uri ? `{${uri}}${name}` : name
}

const BARE_AMPERSAND = '`&` begins no entity: write `&amp;` for a literal `&`'
const DECLARATION = 'an XML declaration is allowed only at the very start'

/** saxes' texts where ours say more. */
const WORDING: Readonly<Record<string, string>> = {
  'inappropriately located doctype declaration.':
    'a DOCTYPE is refused: the entities it defines could grow without bound',
  'an XML declaration must be at the start of the document.': DECLARATION,
  'the XML declaration must appear at the start of the document.': DECLARATION,
  'malformed comment.': '`--` inside a comment',
  'incorrect syntax.': '`<!` begins neither a comment nor a CDATA section',
  'disallowed character in tag name': 'no tag name after `<`: write `&lt;` for a literal `<`',
  'disallowed character in tag name.': 'a character that is not allowed in a tag name',
  'disallowed character in closing tag.': 'a character that is not allowed in a closing tag',
  'disallowed character in attribute name.': 'a character that is not allowed in an attribute name',
  'forward-slash in opening tag not followed by >.': '`/` in a tag, not followed by `>`',
  'attribute without value.': 'an attribute without a value',
  'unquoted attribute value.': 'an attribute value without quotes',
  'no whitespace between attributes.': 'no space between attributes',
  'weird empty close tag.': 'a closing tag without a name',
  'the string "]]>" is disallowed in char data.': '`]]>` in text: write `]]&gt;`',
  'undefined entity.': 'an entity that is not defined: only lt, gt, amp, quot and apos are',
  'empty entity name.': BARE_AMPERSAND,
  'disallowed character in entity name.': BARE_AMPERSAND,
  'malformed character entity.': 'a reference to a character that XML does not allow',
}

/**
 * Our text for a fault that saxes found. A text of its own that we do not know is passed on.
 * @param found saxes' text
 * @param character the character it stopped at
 * @param closing the name in the closing tag being read
 * @param open the innermost open element: `<cpu> of line 3`; empty where none is
 */
function syntaxError(found: string, character: string, closing: string, open: string): string {
  if (found === 'disallowed character.') {
    return character === '<'
      ? '`<` in an attribute value: write `&lt;`'
      : `${errorCodeOf(character)} is not allowed in XML`
  }
  if (found === 'unexpected close tag.') return `</${closing}> closes ${open || 'nothing'}`
  const twice = /^duplicate attribute: (.*)\.$/s.exec(found)
  return twice ? `the attribute ${twice[1]} is given twice` : (WORDING[found] ?? found.replace(/\.$/, ''))
}

/** `U+0001` */
const errorCodeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

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
    if (this.size > this.#sink.maxSize) throw refuseLongElement(this.#sink, this.topLine)
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
