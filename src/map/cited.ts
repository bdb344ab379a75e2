/** What a line of data says, and on whose word. */
interface Cited {
  /** With `(unverified)` at its end where nobody could look its source up. */
  readonly text: string
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
}

/** Reads `TEXT [KEY; …]`, where the last word may be `unverified`; undefined where no source is cited. */
export function readCited(line: string): Cited | undefined {
  const [, text = '', keys] = /^(.+) \[([^\]]+)\]$/.exec(line) ?? []
  if (keys === undefined) return undefined
  const words = keys.split('; ')
  const isVerified = words.at(-1) !== UNVERIFIED
  return {
    text: isVerified ? text : `${text} (${UNVERIFIED})`,
    sources: words.filter(word => word !== UNVERIFIED),
  }
}

const UNVERIFIED = 'unverified'
