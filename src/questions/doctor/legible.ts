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
  const starts: { readonly offset: number; readonly line: number }[] = []
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
  return { text, lineAt: at => starts.findLast(({ offset }) => offset <= at)?.line ?? 1 }
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
  '#39': "'",
  '#34': "'",
  lt: '<',
  gt: '>',
  amp: '&',
}

/** Without the escapes of JSON, shells and HTML; every quotation mark is an apostrophe. */
const withoutEscapes = (line: string): string =>
  line
    .replace(/&(quot|apos|#39|#34|lt|gt|amp);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+[nrt]/g, ' ')
    .replace(/\\+(?=["'])/g, '')
    .replace(/["`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2032\u00b4]/g, "'")
