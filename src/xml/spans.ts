/** What a piece can open whose text is none of markup, and what ends it. */
const SPANS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

/** Follows comments, CDATA sections and processing instructions from piece to piece. */
export class Spans {
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
export function findBareAmpersand(piece: string, from: number): number {
  const at = piece.slice(from).search(/&(?!#?[^\s&;'"]+;)/)
  return at < 0 ? -1 : from + at
}
