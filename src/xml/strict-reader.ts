import { addText, type Element, noAttributes, refuseLongElement, type Sink } from './element.ts'
import type { Cursor } from './token.ts'

/** The prefixes in force inside an element; the empty prefix is the default namespace, `''` is no namespace. */
export type Scope = ReadonlyMap<string, string>

/** What is in force outside every element. */
export const OUTERMOST: Scope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']])

/** `outer` with the declarations among `attributes`; `outer` itself where there are none. */
export function declare(outer: Scope, attributes: Iterable<readonly [name: string, value: string]>): Scope {
  let inner: Map<string, string> | undefined
  for (const [name, uri] of attributes) {
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
const NO_NAME = 'no tag name after `<`: write `&lt;` for a literal `<`'
const IN_NAME = 'a character that is not allowed in a tag name'
const IN_CLOSING = 'a character that is not allowed in a closing tag'
const IN_ATTRIBUTE = 'a character that is not allowed in an attribute name'
const IN_TARGET = 'a character that is not allowed in the name of a processing instruction'
const IN_COMMENT = '`--` inside a comment'
const NO_VALUE = 'an attribute without a value'
const NO_QUOTES = 'an attribute value without quotes'
const IN_VALUE = '`<` in an attribute value: write `&lt;`'
const NO_SPACE = 'no space between attributes'
const TEXT_END = '`]]>` in text: write `]]&gt;`'
const LONE_SLASH = '`/` in a tag, not followed by `>`'
const NO_MARKUP = '`<!` begins neither a comment nor a CDATA section'
const DOCTYPE = 'a DOCTYPE is refused: the entities it defines could grow without bound'

// @see https://www.w3.org/TR/xml/#charsets and #NT-NameStartChar
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const START =
  ':A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef' +
  '\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}'
const REST = `[${START}.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040-]*`
const NAME = new RegExp(`[${START}]${REST}`, 'uy')
const NAME_CHARACTERS = new RegExp(REST, 'uy')
const STARTS_NAME = new RegExp(`^[${START}]`, 'u')
const SPACES = /[ \t\r\n]*/y

/** `U+0001` */
const errorCodeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

const forbid = (piece: string, at: number): string => `${errorCodeOf(piece.slice(at))} is not allowed in XML`

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/** What a reference stands for, without `&` and `;`; undefined where XML has no such character or entity. */
function readReference(reference: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(reference) ?? []
  if (hex === undefined && decimal === undefined) return ENTITIES.get(reference)
  if (reference.startsWith('#X')) return undefined
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
  const character = code <= 0x10_ffff ? String.fromCodePoint(code) : ''
  return character === '' || FORBIDDEN.test(character) ? undefined : character
}

function faultOfReference(reference: string): string {
  if (reference.startsWith('#')) return 'a reference to a character that XML does not allow'
  NAME.lastIndex = 0
  const isName = NAME.exec(reference)?.[0] === reference
  return isName ? 'an entity that is not defined: only lt, gt, amp, quot and apos are' : BARE_AMPERSAND
}

/** Line breaks are line feeds. */
const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n')

/** A comment, a CDATA section or a processing instruction that is open. */
interface Span {
  readonly until: '-->' | ']]>' | '?>'
  /** The name of a processing instruction. */
  readonly target: string
  /** What was read of a CDATA section; of the others, what the last piece had of it. */
  text: string
}

/**
 * Reads what the quick reader does not take on: the reference for what every piece means, and the one source of error
 * texts. It is given a document from `<` on, piece by piece, and moves `cursor` over each; a piece begins with its `<`
 * and reaches to the next one.
 */
export class StrictReader {
  /** The line it began on. */
  readonly topLine: number
  readonly #cursor: Cursor
  readonly #sink: Sink
  readonly #open: Open[] = []
  /** Hands over a complete top-level element, or text outside of it: once nothing is wrong with the piece. */
  #found: (() => void)[] = []
  #piece = ''
  /** The piece, up to what may not stand where it does whatever is before it. */
  #sound = ''
  /** What that is. */
  #unsound: string | undefined
  /** Where the next thing in the piece begins. */
  #at = 0
  #line = 0
  #size = 0
  #span: Span | undefined
  /** The last piece ended in a tag: what is wrong there with the `<` that follows. */
  #inTag: string | undefined

  constructor(cursor: Cursor, sink: Sink) {
    this.#cursor = cursor
    this.#sink = sink
    this.topLine = cursor.line
  }

  /** How much it was given so far, in UTF-16 units. */
  get size(): number {
    return this.#size
  }

  /** Whether no element, tag or comment is open, so that another reader can go on. */
  get idle(): boolean {
    return this.#open.length === 0 && this.#span === undefined && this.#inTag === undefined
  }

  /** Reads a piece. Throws ParseError. */
  feed(piece: string): void {
    this.#piece = piece
    this.#line = this.#cursor.line
    this.#at = 0
    const lone = /[\ud800-\udfff]/.test(piece) ? piece.search(/\p{Cs}/u) : -1
    if (lone >= 0) this.#fail(forbid(piece, lone), lone)
    const end = piece.search(FORBIDDEN)
    this.#sound = end < 0 ? piece : piece.slice(0, end)
    this.#unsound = end < 0 ? undefined : forbid(piece, end)
    if (this.#readMarkup()) this.#readText()
    if (this.#unsound !== undefined) this.#fail(this.#unsound, this.#sound.length)
    this.#size += piece.length
    this.#piece = ''
    this.#cursor.advance(piece)
    if (this.size > this.#sink.maxSize) throw refuseLongElement(this.#sink, this.topLine)
    for (const hand of this.#found.splice(0)) hand()
  }

  /** There is nothing more. Throws ParseError where something is still open. */
  end(): void {
    const { until } = this.#span ?? {}
    if (until === '-->') this.#fail('the comment is never closed', 0)
    if (until !== undefined) this.#fail(`no \`${until}\` before the end`, 0)
    if (this.#inTag !== undefined) this.#fail('the text ends inside a tag', 0)
    const open = this.#open.at(-1)
    if (open !== undefined) this.#fail(`${nameOf(open)} is never closed`, 0)
  }

  /** Reads what stands before the text of a piece; false where the piece ends in it. */
  #readMarkup(): boolean {
    if (this.#span) return this.#readSpan(this.#span)
    if (this.#inTag !== undefined) this.#fail(this.#inTag, 0)
    const piece = this.#sound
    if (piece.startsWith('<!--')) return this.#beginSpan('-->', 4)
    if (piece.startsWith('<![CDATA[')) return this.#beginSpan(']]>', 9)
    if (piece.startsWith('<?')) return this.#readInstruction()
    this.#endAtAmpersand()
    if (!piece.startsWith('<')) return true
    this.#at = 1
    const next = piece.charAt(1)
    this.#inTag = next === '!' ? this.#refuse() : next === '/' ? this.#readClosing() : this.#readOpening()
    return this.#inTag === undefined
  }

  /** A `&` that begins no reference is at fault whatever else is wrong behind it. */
  #endAtAmpersand(): void {
    const at = this.#piece.slice(this.#at).search(/&(?!#?[^\s&;'"]+;)/)
    if (at < 0 || this.#at + at >= this.#sound.length) return
    this.#sound = this.#piece.slice(0, this.#at + at)
    this.#unsound = BARE_AMPERSAND
  }

  /** What begins as only comments, CDATA sections and DTDs do, and is neither of the first two. */
  #refuse(): string {
    if (this.#sound.startsWith('<!DOCTYPE')) this.#fail(DOCTYPE, 8)
    if (!['<!--', '<![CDATA[', '<!DOCTYPE'].some(whole => whole.startsWith(this.#sound)))
      this.#fail(NO_MARKUP, 1)
    return NO_MARKUP
  }

  #readInstruction(): boolean {
    this.#at = 2
    const target = this.#take(NAME)
    const next = this.#sound.charAt(this.#at)
    const isEnd = /[ \t\r\n?]/.test(next)
    if (isEnd && target === '') this.#fail('a processing instruction without a name', this.#at)
    if (isEnd && target === 'xml') this.#fail(DECLARATION, this.#at)
    if (isEnd) return this.#beginSpan('?>', this.#at, target)
    if (next !== '') this.#fail(IN_TARGET, this.#at)
    this.#inTag = IN_TARGET
    return false
  }

  #beginSpan(until: Span['until'], from: number, target = ''): boolean {
    this.#at = from
    this.#span = { until, target, text: '' }
    return this.#readSpan(this.#span)
  }

  #readSpan(span: Span): boolean {
    const { until, target } = span
    const end = until === '-->' ? this.#findEndOfComment(span) : this.#sound.indexOf(until, this.#at)
    const text = this.#sound.slice(this.#at, end < 0 ? undefined : end)
    span.text = until === ']]>' ? span.text + text : text
    if (end < 0) return false
    if (target.toLowerCase() === 'xml') this.#fail(DECLARATION, end + 1)
    if (until === ']]>') this.#add(withLineFeeds(span.text))
    this.#span = undefined
    this.#at = end + until.length
    this.#endAtAmpersand()
    return true
  }

  /** -1 where the comment does not end in the piece. */
  #findEndOfComment({ text }: Span): number {
    if (text.endsWith('--')) this.#fail(IN_COMMENT, 0)
    const dashes = this.#sound.indexOf('--', this.#at)
    const next = dashes < 0 ? '' : this.#sound.charAt(dashes + 2)
    if (next !== '' && next !== '>') this.#fail(IN_COMMENT, dashes + 2)
    return next === '' ? -1 : dashes
  }

  #readText(): void {
    const value = this.#resolve(withLineFeeds(this.#sound.slice(this.#at)), /&([^;]*);|]]>/g)
    if (value !== '') this.#add(value)
  }

  /** A text that begins here, with what its references stand for. */
  #resolve(text: string, pattern: RegExp): string {
    return text.replace(pattern, (whole, reference: string | undefined) => {
      const value = reference === undefined ? undefined : readReference(reference)
      if (value !== undefined) return value
      const what = reference === undefined ? TEXT_END : faultOfReference(reference)
      return this.#fail(what, this.#piece.indexOf(whole, this.#at) + whole.length - 1)
    })
  }

  /** Reads `</name>`. Returns as `#stop` does where the piece ends in it. */
  #readClosing(): string | undefined {
    this.#at = 2
    const name = this.#take(NAME_CHARACTERS)
    this.#take(SPACES)
    if (this.#next() !== '>') return this.#stop(IN_CLOSING)
    if (name === '') this.#fail('a closing tag without a name', this.#at)
    const top = this.#open.at(-1)
    if (top === undefined || name !== top.tag)
      this.#fail(`</${name}> closes ${top ? nameOf(top) : 'nothing'}`, this.#at)
    this.#finish(top)
    this.#at++
    return undefined
  }

  /** Reads `<name …>` or `<name …/>`. Returns as `#stop` does where the piece ends in it. */
  #readOpening(): string | undefined {
    const name = this.#take(NAME)
    if (name === '') return this.#stop(NO_NAME)
    if (!/[ \t\r\n/>]/.test(this.#next())) return this.#stop(IN_NAME)
    const given: [name: string, value: string][] = []
    for (this.#take(SPACES); this.#next() !== '/' && this.#next() !== '>'; this.#take(SPACES)) {
      const end = this.#readAttribute(given)
      if (end !== undefined) return end
    }
    const isEmpty = this.#next() === '/'
    if (isEmpty) this.#at++
    if (this.#next() !== '>') return this.#stop(LONE_SLASH)
    const element = this.#start(name, given)
    if (isEmpty) this.#finish(element)
    this.#at++
    return undefined
  }

  /** Reads `name='value'`. Returns as `#stop` does where the piece ends in it or behind it. */
  #readAttribute(given: [name: string, value: string][]): string | undefined {
    const name = this.#take(NAME)
    if (name === '' || !/[= \t\r\n>]/.test(this.#next())) return this.#stop(IN_ATTRIBUTE)
    this.#take(SPACES)
    if (this.#next() !== '=') return this.#stop(NO_VALUE)
    this.#at++
    this.#take(SPACES)
    const quote = this.#next()
    if (quote !== "'" && quote !== '"') return this.#stop(NO_QUOTES)
    const end = this.#sound.indexOf(quote, this.#at + 1)
    const raw = this.#sound.slice(this.#at + 1, end < 0 ? undefined : end)
    given.push([name, this.#resolve(raw.replace(/\r\n|[\t\r\n]/g, ' '), /&([^;]*);/g)])
    this.#at = end < 0 ? this.#sound.length : end + 1
    if (end < 0) return IN_VALUE
    if (/[ \t\r\n/>]/.test(this.#next())) return undefined
    return this.#stop(STARTS_NAME.test(this.#sound.slice(this.#at)) ? NO_SPACE : IN_ATTRIBUTE)
  }

  /** The character that comes next; empty at the end of the piece. */
  #next(): string {
    return this.#sound.charAt(this.#at)
  }

  /** What a pattern matches here; the reader moves over it. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#sound) ?? []
    this.#at += found.length
    return found
  }

  /** Something else was to come next. Where the piece ends here, the fault is the `<` of the next one, and is returned. */
  #stop(what: string): string {
    return this.#next() === '' ? what : this.#fail(what, this.#at)
  }

  #start(tag: string, given: readonly (readonly [name: string, value: string])[]): Open {
    const parent = this.#open.at(-1)
    const names = new Set<string>()
    const twice = given.find(([name]) => names.size === names.add(name).size)?.[0]
    if (twice !== undefined) this.#fail(`the attribute ${twice} is given twice`, this.#at)
    if (this.#open.length === this.#sink.maxDepth)
      this.#fail(`too deep: more than ${this.#sink.maxDepth} levels`, 0)
    const scope = declare(parent?.scope ?? OUTERMOST, given)
    const attributes: Record<string, string> = noAttributes()
    for (const [name, value] of given) {
      if (isDeclaration(name)) continue
      const full = resolve(scope, name, 'attribute')
      if (full in attributes) this.#fail(`the attribute ${full} is given twice`, this.#at)
      attributes[full] = value
    }
    const element = { name: resolve(scope, tag, 'element'), attributes, content: [] }
    const open = { tag, line: this.#line, scope, element }
    this.#open.push(open)
    return open
  }

  #finish({ element, line }: Open): void {
    this.#open.pop()
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#found.push(() => this.#sink.element(element, line))
    else parent.element.content.push(element)
  }

  #add(text: string): void {
    const inner = this.#open.at(-1)
    const line = this.#line
    if (inner !== undefined) addText(inner.element.content, text)
    else this.#found.push(() => this.#sink.text(text, line))
  }

  #fail(what: string, offset: number): never {
    throw this.#cursor.error(what, this.#piece, offset)
  }
}

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
