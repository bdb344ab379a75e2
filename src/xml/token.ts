import { intern } from '../core/intern.ts'
import { type Element, noAttributes } from './element.ts'

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
const NONE: Element['attributes'] = Object.freeze(noAttributes())

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
export function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
