import { intern } from '../core/memo.ts'
import { ParseError } from '../core/parse-error.ts'
import { type Element, noAttributes } from './element.ts'

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

/** What stands between two `<`: its text, or where that was known before, what it says. */
export type Piece = string | Token

export const textOfPiece = (piece: Piece): string => (typeof piece === 'string' ? piece : piece.piece)

/**
 * Splits text at `<`. Most of libvirt's documents are rows: lines alike but for one value, such as
 * `<feature name='avx2'/>`. Those are split at all that is alike, which leaves the bare values; they are short,
 * come in much the same order in every document, and so are recognised faster than the whole lines.
 */
export function splitPieces(text: string): Piece[] {
  if (rows === undefined || !text.includes(rows.between)) rows = findRows(text) ?? rows
  const parts = rows === undefined ? [text] : text.split(rows.between)
  if (rows === undefined || parts.length === 1) return text.split('<')
  const pieces: Piece[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? ''
    const inner = i > 0 && i < parts.length - 1 ? rows.token(part) : undefined
    if (inner) pieces.push(inner)
    else {
      const whole = (i > 0 ? rows.before : '') + part + (i < parts.length - 1 ? rows.after : '')
      for (const piece of whole.split('<')) pieces.push(piece)
    }
  }
  return pieces
}

/** The rows met last: documents of one kind are read one after the other. */
let rows: Rows | undefined

const ROW = /<([A-Za-z_][\w.-]*(?: [\w.-]+='[^'<&]*')*? [\w.-]+=')[\w.-]+('\/>[ \r\n]*)<\1/

/** The first two rows of `text` that follow each other, as a pattern; undefined where there are none. */
function findRows(text: string): Rows | undefined {
  const [, before, after] = ROW.exec(text.slice(0, LOOK)) ?? []
  return before === undefined || after === undefined ? undefined : new Rows(before, after)
}

const LOOK = 2 ** 14
const MAX_ROWS = 4096

/** Rows of one pattern, and the values they had so far. */
class Rows {
  readonly before: string
  readonly after: string
  /** What stands between two values. */
  readonly between: string
  readonly #known = new Map<string, Row>()
  #last: Row = { value: '', token: undefined, next: undefined }

  constructor(before: string, after: string) {
    this.before = before
    this.after = after
    this.between = `${after}<${before}`
  }

  /** What the row with this value says; undefined where that is anything unusual. */
  token(value: string): Token | undefined {
    // The row that followed last time, or one soon after it: hosts leave out features, and keep their order.
    let row = this.#last.next
    if (row?.value !== value) row = row?.next
    if (row?.value !== value) row = row?.next
    if (row?.value !== value) {
      row = this.#known.get(value) ?? this.#learn(value)
      this.#last.next = row
    }
    this.#last = row ?? this.#last
    return row?.token
  }

  #learn(value: string): Row | undefined {
    const token = value.includes('<') ? undefined : learnToken(this.before + value + this.after)
    if (token?.kind !== 'leaf') return undefined
    if (this.#known.size >= MAX_ROWS) this.#known.clear()
    const row: Row = {
      value: token.piece.slice(this.before.length, -this.after.length),
      token,
      next: undefined,
    }
    this.#known.set(row.value, row)
    return row
  }
}

interface Row {
  readonly value: string
  readonly token: Token | undefined
  next: Row | undefined
}

/** What one *piece* of a document says: the text between two `<`, so one tag and the text after it. */
export interface Token {
  readonly piece: string
  /** A leaf is an empty element with text after it, most often a line break; a childless one has none. */
  readonly kind: 'open' | 'leaf' | 'childless' | 'close' | 'comment'
  /** The element that the tag opens or is, without content, frozen; of a closing tag only the name counts. */
  readonly element: Element
  /** The text after the tag. */
  readonly text: string
  /** How many newlines the piece has. */
  readonly lines: number
  /** What came after this piece last time: documents of one kind repeat each other. */
  next: Token | undefined
}

/**
 * The token of a piece that follows `last`; undefined where the piece is in any way unusual: it is then for
 * the strict reader to say what it means, or what is wrong with it. libvirt's documents are made of a few
 * hundred pieces, so each distinct one is read once and remembered, and shared between documents.
 */
export function tokenAfter(last: Token, piece: string): Token | undefined {
  const token = memo.get(piece) ?? learnToken(piece)
  if (token !== undefined && piece.length <= MAX_KEY) last.next = token
  return token
}

const memo = new Map<string, Token>()
let memoSize = 0
const MAX_KEY = 200
const MAX_MEMO = 2 ** 20 // of keys and 64 units an entry
const MAX_PIECE = 10_000 // beyond, regular expressions are not the right tool

/** What a piece says, remembered; undefined where it is unusual. */
export function learnToken(piece: string): Token | undefined {
  if (piece.length > MAX_PIECE) return undefined
  const key = ` ${piece}`.slice(1) // a piece is a slice, which would keep its whole chunk alive
  const token = tokenise(key)
  if (token === undefined || key.length > MAX_KEY) return token
  memoSize += key.length + 64
  if (memoSize > MAX_MEMO) {
    memo.clear()
    memoSize = 0
  }
  memo.set(key, token)
  return token
}

const NAME = '[A-Za-z_][A-Za-z0-9_.-]*'
const ATTRIBUTE = `${NAME}=(?:'[^'&\\t\\r\\n]*'|"[^"&\\t\\r\\n]*")`
const SPACE = '[ \\t\\r\\n]'
const ODD = /[^\t\r\n\x20-\x7e]|\r(?!\n)|]]>/
const TAG = new RegExp(`^(${NAME})((?:${SPACE}+${ATTRIBUTE})*)${SPACE}*(/?)>([^&]*)$`)
const CLOSING = new RegExp(`^/(${NAME})${SPACE}*>([^&]*)$`)
const COMMENT = /^!--(?:[^-]|-[^-])*-->([^&]*)$/

/** Tries the usual shapes in turn; each takes the whole piece or nothing. */
function tokenise(piece: string): Token | undefined {
  if (ODD.test(piece)) return undefined
  const [, name, list = '', slash, after = ''] = TAG.exec(piece) ?? []
  if (name !== undefined) {
    const attributes = readAttributes(list)
    const kind = slash !== '/' ? 'open' : after === '' ? 'childless' : 'leaf'
    return attributes && makeToken(piece, kind, name, attributes, after)
  }
  const [, closed, behind = ''] = CLOSING.exec(piece) ?? []
  if (closed !== undefined) return makeToken(piece, 'close', closed, NONE, behind)
  const rest = COMMENT.exec(piece)?.[1]
  return rest === undefined ? undefined : makeToken(piece, 'comment', '', NONE, rest)
}

function makeToken(
  piece: string,
  kind: Token['kind'],
  name: string,
  attributes: Element['attributes'],
  after: string,
): Token {
  const element = Object.freeze({ name: intern(name), attributes, content: EMPTY })
  return {
    piece,
    kind,
    element,
    text: after.replaceAll('\r\n', '\n'),
    lines: countLines(piece),
    next: undefined,
  }
}

const EMPTY: readonly never[] = Object.freeze([])
/** What no element is made of: of these pieces the attributes are never looked at. */
const NONE: Element['attributes'] = Object.freeze({})

/** The attributes of a tag whose shape `TAG` has checked; undefined for a duplicate or a namespace. */
function readAttributes(list: string): Element['attributes'] | undefined {
  const attributes: Record<string, string> = noAttributes()
  for (let at = 0; at < list.length; ) {
    const equals = list.indexOf('=', at)
    const end = list.indexOf(list.charAt(equals + 1), equals + 2)
    const name = list.slice(at, equals).trimStart()
    if (name in attributes || name === 'xmlns') return undefined
    attributes[name] = intern(list.slice(equals + 2, end))
    at = end + 1
  }
  return Object.freeze(attributes)
}

/** Stands before the first piece of a stream. */
export const startToken = (): Token => ({
  piece: '',
  kind: 'comment',
  element: { name: '', attributes: NONE, content: EMPTY },
  text: '',
  lines: 0,
  next: undefined,
})

/** How many newlines `text` has. */
function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
