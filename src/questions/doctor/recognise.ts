import { builtinErrors, type ErrorRecord, FINDING_KINDS } from '../../map/error-table.ts'
import type { FoundAt } from './answer.ts'
import { type LegibleText, legible } from './legible.ts'

/** A text to be searched for errors. */
export interface GivenText {
  readonly source: string
  readonly text: string
  /** It was made of what a document says; it has no lines of its own. */
  readonly isDerived?: boolean
}

/** One error in one place. */
interface Match {
  readonly record: ErrorRecord
  readonly at: FoundAt
  /** The parts of its text by name; of parts of one name the first. */
  readonly parts: ReadonlyMap<string, string>
}

/** An error, and all places in which it was found. */
export interface Recognised {
  readonly record: ErrorRecord
  readonly matches: readonly Match[]
}

/** What was found in texts, and the lines that look like errors and are none that is known. */
export interface Recognition {
  /** The most urgent first, those of one kind in the order of the texts. */
  readonly found: readonly Recognised[]
  readonly unknown: readonly FoundAt[]
}

/**
 * Every known error of the texts.
 * @param isDocument whether a text is a host's or guest's description, of which no line is an unknown error
 */
export function recognise(texts: readonly GivenText[], isDocument: (source: string) => boolean): Recognition {
  const byRecord = new Map<ErrorRecord, Match[]>()
  const unknown: FoundAt[] = []
  for (const given of texts) {
    const read = readMatches(given)
    for (const match of read.matches)
      byRecord.set(match.record, [...(byRecord.get(match.record) ?? []), match])
    if (!given.isDerived && !isDocument(given.source))
      unknown.push(...unknownLines(given, read.view, read.taken, read.matches.length > 0))
  }
  const found = [...byRecord].map(([record, matches]) => ({ record, matches }))
  const rank = ({ record }: Recognised) => FINDING_KINDS.indexOf(record.kind)
  return { found: found.sort((a, b) => rank(a) - rank(b)), unknown: unknown.slice(0, MOST_UNKNOWN) }
}

const MOST_UNKNOWN = 8

/** A stretch of a text that an error took. */
type Span = readonly [start: number, end: number, isFrame?: boolean]

interface ReadText {
  readonly view: LegibleText
  readonly taken: readonly Span[]
  readonly matches: readonly Match[]
}

/** As it stands, or with lines put together that were cut at one width, where more is known so. */
function readMatches(given: GivenText): ReadText {
  const plain = matchesIn(given, legible(given.text))
  if (given.isDerived || given.text.length > LONGEST_CUT) return plain
  const joined = matchesIn(given, legible(given.text, true))
  return telling(joined) > telling(plain) ? joined : plain
}

/** Longer texts were copied from no terminal. */
const LONGEST_CUT = 1 << 20

/** How much of the text is known. */
const telling = ({ taken }: ReadText): number => taken.reduce((sum, [from, to]) => sum + to - from, 0)

function matchesIn({ source, isDerived }: GivenText, view: LegibleText): ReadText {
  const lower = view.text.toLowerCase()
  const taken: Span[] = []
  const matches: (Match & { readonly start: number })[] = []
  for (const record of builtinErrors()) {
    for (const { key, pattern, parts } of record.texts) {
      if (!lower.includes(key)) continue
      for (const match of view.text.matchAll(pattern)) {
        const [start, end] = [match.index, match.index + match[0].length]
        if (taken.some(([from, to]) => start < to && from < end)) continue
        taken.push([start, end, record.kind === 'frame'])
        const line = isDerived ? 0 : view.lineAt(start)
        const at = { source, line, text: shortened(match[0]) }
        matches.push({ record, at, parts: partsOf(parts, match), start })
      }
    }
  }
  return { view, taken, matches: matches.sort((a, b) => a.start - b.start) }
}

const LONGEST = 300

function shortened(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST)} …` : flat
}

function partsOf(names: readonly string[], groups: readonly (string | undefined)[]): Map<string, string> {
  const parts = new Map<string, string>()
  for (const [i, name] of names.entries()) {
    const value = groups[i + 1]?.replace(/\s+/g, ' ').trim()
    if (value && !parts.has(name)) parts.set(name, value)
  }
  return parts
}

/** What messages of errors say; of a text in which no error is known, every line counts. */
const ERROR_LIKE =
  /\b(?:errors?|fatal|failed|failure|cannot|can't|could not|unable|unsupported|not supported|incompatible|mismatch|refused|invalid|panic|missing)\b/i

/** Behind the words of a frame: the message that it frames, and not only a name or a number. */
const MESSAGE = /(?:\w{2,}\W+){4}/

function unknownLines(
  { source }: GivenText,
  { text, lineAt }: LegibleText,
  taken: readonly Span[],
  isKnown: boolean,
): FoundAt[] {
  const lines: FoundAt[] = []
  let start = 0
  for (const line of text.split('\n')) {
    const end = start + line.length
    const known = taken.filter(([from, to]) => from < end && start < to)
    const framed = Math.max(start, ...known.map(([, to]) => to))
    const rest = text.slice(Math.min(framed, end), end)
    const isFree = known.length === 0 && /\w/.test(line) && (!isKnown || ERROR_LIKE.test(line))
    const isFramed = known.length > 0 && known.every(([, , isFrame]) => isFrame) && MESSAGE.test(rest)
    if (isFree || isFramed) lines.push({ source, line: lineAt(start), text: shortened(isFree ? line : rest) })
    start = end + 1
  }
  const alike = isKnown ? lines : lines.filter(line => ERROR_LIKE.test(line.text))
  return alike.length > 0 ? alike.slice(0, MOST_UNKNOWN) : lines.slice(0, 3)
}
