import { groupBy } from '../../core/text.ts'
import { builtinErrors, type ErrorRecord, FINDING_KINDS } from '../../map/error-table.ts'
import type { FoundAt } from './answer.ts'

/** A text as it is searched, and where each of its lines stood in the text that was given. */
export interface LegibleText {
  /** Its lines without what logs, mails and terminals put before and into them; one kind of quotation mark. */
  readonly text: string
  /** The 1-based line of the given text at an offset of `text`. */
  readonly lineAt: (offset: number) => number
}

/**
 * A log, a mail or what was copied from a screen, made legible: heads of log lines, quotation signs, colours and the
 * escapes of JSON and HTML are taken away.
 * @param joined lines that were cut at one width are put together, for messages that were cut within a word
 */
export function legible(given: string, joined = false): LegibleText {
  const lines = given.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  const width = joined ? widthOf(lines) : Number.POSITIVE_INFINITY
  const starts: LineStart[] = []
  let text = ''
  let open = ''
  for (const [i, line] of lines.entries()) {
    if (open === '') starts.push({ offset: text.length, line: i + 1 })
    open += line
    if (line.length === width && !isHeaded(lines[i + 1])) continue
    text += `${bareLine(open)}\n`
    open = ''
  }
  if (open !== '') text += `${bareLine(open)}\n`
  return { text, lineAt: at => lineIn(starts, at) }
}

interface LineStart {
  readonly offset: number
  readonly line: number
}

/** The line of the last start that is not behind an offset; the starts are in order, and a text may have many. */
function lineIn(starts: readonly LineStart[], at: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle]?.offset ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return starts[low - 1]?.line ?? 1
}

/** The width at which lines were cut: that of the longest, of which there are several, or one and a rest. */
function widthOf(lines: readonly string[]): number {
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0)
  const full = lines.filter(({ length }) => length === longest).length
  const isCut = full > 1 || lines.filter(line => line.trim() !== '').length === 2
  return longest < NARROWEST || !isCut ? Number.POSITIVE_INFINITY : longest
}

/** Whether a line begins a message of its own; so does the end of the text. */
const isHeaded = (line: string | undefined): boolean =>
  line === undefined || HEADS.some(head => head.test(line))

/** Lines that are cut shorter than this are no lines of a terminal. */
const NARROWEST = 40

// Colours of terminals.
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins so
const COLOURS = /\u001b\[[\d;]*[A-Za-z]/g

/** What stands before the message of a line: signs of quotation, times, hosts, levels and places in a program. */
const HEADS: readonly RegExp[] = [
  /^\s*(?:[>|]\s?)+/,
  /^\s*\[\s*\d+\.\d+\]\s?/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:]+:\s/,
  /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\]\s/,
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\s?(?:Z|[+-]\d\d:?\d\d)?\]?:?\s/,
  /^\d+ (?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|TRACE) [\w.]+ (?:\[[^\]'"]*\] ?)*/,
]

function bareLine(given: string): string {
  let line = given.replace(COLOURS, '')
  for (let before = ''; before !== line; ) {
    before = line
    for (const head of HEADS) line = line.replace(head, '')
  }
  return withoutEscapes(line)
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: "'",
  apos: "'",
  lt: '<',
  gt: '>',
  amp: '&',
}

/** Without the escapes of JSON, shells and HTML; every quotation mark is an apostrophe. */
const withoutEscapes = (line: string): string =>
  line
    .replace(/&#(x?)([0-9a-f]{1,5});/gi, (_, x: string, code: string) =>
      String.fromCodePoint(Number.parseInt(code, x ? 16 : 10)),
    )
    .replace(/&(quot|apos|lt|gt|amp);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?<!\\)\\+[nrt]/g, ' ')
    .replace(/(?<!\\)\\+(?=["'])/g, '')
    .replace(/["`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2032\u00b4]/g, "'")

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
  /** No source confirms its wording. */
  readonly isGuess: boolean
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
  const all: Match[][] = []
  const unknown: FoundAt[] = []
  for (const given of texts) {
    const read = readMatches(given)
    all.push(read.matches)
    if (!given.isDerived && !isDocument(given.source)) unknown.push(...unknownLines(given, read))
  }
  const byRecord = groupBy(all.flat(), ({ record }) => record)
  const found = [...byRecord].map(([record, matches]) => ({ record, matches }))
  const rank = ({ record }: Recognised) => FINDING_KINDS.indexOf(record.kind)
  return { found: found.sort((a, b) => rank(a) - rank(b)), unknown: unknown.slice(0, MOST_UNKNOWN) }
}

const MOST_UNKNOWN = 8

interface ReadText {
  readonly view: LegibleText
  /** What took each character of the text: 0 nothing, `KNOWN` or `FRAMED`. */
  readonly taken: Uint8Array
  readonly matches: Match[]
}

const [KNOWN, FRAMED] = [1, 2]

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
const telling = ({ taken }: ReadText): number => taken.reduce((sum, by) => sum + (by > 0 ? 1 : 0), 0)

function matchesIn({ source, isDerived }: GivenText, view: LegibleText): ReadText {
  const lower = view.text.toLowerCase()
  const taken = new Uint8Array(view.text.length)
  const matches: (Match & { readonly start: number })[] = []
  for (const record of builtinErrors()) {
    for (const { key, pattern, parts, isGuess } of record.texts) {
      if (!lower.includes(key)) continue
      for (const match of view.text.matchAll(pattern)) {
        const [start, end] = [match.index, match.index + match[0].length]
        if (taken.subarray(start, end).some(Boolean)) continue
        taken.fill(record.kind === 'frame' ? FRAMED : KNOWN, start, end)
        const line = isDerived ? 0 : view.lineAt(start)
        const at = { source, line, text: shortened(match[0]) }
        matches.push({ record, at, parts: partsOf(parts, match), isGuess, start })
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
const MESSAGE = /(?:\b\w{2,}\W+){4}/

function unknownLines({ source }: GivenText, { view, taken, matches }: ReadText): FoundAt[] {
  const isKnown = matches.length > 0
  const lines: FoundAt[] = []
  let start = 0
  for (const line of view.text.split('\n')) {
    const own = taken.subarray(start, start + line.length)
    const rest = line.slice(own.findLastIndex(Boolean) + 1)
    const isFree = rest === line && /\w/.test(line) && (!isKnown || ERROR_LIKE.test(line))
    const isFramed = rest !== line && !own.includes(KNOWN) && MESSAGE.test(rest)
    if (isFree || isFramed) lines.push({ source, line: view.lineAt(start), text: shortened(rest) })
    start += line.length + 1
  }
  const alike = isKnown ? lines : lines.filter(line => ERROR_LIKE.test(line.text))
  return alike.length > 0 ? alike.slice(0, MOST_UNKNOWN) : lines.slice(0, 3)
}
