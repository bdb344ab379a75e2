import { learnToken, type Token } from './token.ts'

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
