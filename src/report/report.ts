import { count, fewNames, fill, widthOf } from '../core/text.ts'

interface Column {
  /** Empty: the table has no head. */
  readonly title: string
  readonly align?: 'right'
  /** Gives way first where the table is too wide, and goes on below itself. */
  readonly wraps?: true
}

/** What a report is made of. `on`: it stands on the first screen alone, or only where everything is printed. */
type Part = Content & { readonly on?: 'screen' | 'details' }

type Content =
  | { readonly kind: 'heading'; readonly cells: readonly Cell[]; readonly level: 1 | 2 }
  | { readonly kind: 'line'; readonly cells: readonly Cell[] }
  | {
      readonly kind: 'table'
      readonly columns: readonly Column[]
      readonly rows: readonly (readonly Cell[])[]
    }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'drawing'; readonly draw: (width: number) => string }

/** How a report is printed as text. */
export interface Look {
  /** In columns. */
  readonly width: number
  readonly paint: Paint
  /** Shortens names; absent: they stay as they are. */
  readonly shorten?: ((text: string) => string) | undefined
  /** What is printed of a report that is longer than a screen; absent: all of it. */
  readonly screen?: Screen | undefined
}

export interface Screen {
  /** In lines. */
  readonly height: number
  /** The last line: says how to get the report, which has so many lines. */
  readonly more: (lines: number) => string
}

/** Actions that a screen has at most. */
const MOST_ACTIONS = 3

/**
 * A report as it is made: what was found, what to do about it, and headings, lines and tables; printed as text for
 * people or as Markdown. What was found is printed first, then what to do, whenever it is added; notes come last.
 */
export class Report {
  readonly #findings: Line[] = []
  readonly #actions: Action[] = []
  readonly #parts: Part[] = []
  readonly #notes: { readonly lines: readonly Line[]; readonly brief: readonly Line[] }[] = []
  /** Before findings and actions, where the report is about several fleets. */
  #about: Line = []

  /** What follows is about a part of all: `hosts of aarch64`. */
  section(title: string): void {
    this.#about = [{ text: `${title}: `, tone: 'strong' }]
    this.heading(title)
  }

  /** What the report comes to, in a sentence. */
  finding(...cells: Cell[]): void {
    this.#findings.push([...this.#about, ...cells])
  }

  /** What to do; what gains most is to be added first. */
  action(what: string, more: Omit<Action, 'what' | 'about'> = {}): void {
    this.#actions.push({ what, about: this.#about, ...more })
  }

  /** What the reader should know. @param brief the same on a screen */
  notes(lines: readonly Line[], brief: readonly Line[] = lines): void {
    this.#notes.push({ lines, brief })
  }

  /** What `add` adds is printed only where everything is. */
  details(add: () => void): void {
    this.#addOn('details', add)
  }

  /** What `add` adds stands for details on a screen, and is not printed beside them. */
  instead(add: () => void): void {
    this.#addOn('screen', add)
  }

  #addOn(on: 'screen' | 'details', add: () => void): void {
    const before = this.#parts.length
    add()
    const own = this.#parts.splice(before)
    this.#parts.push(...own.map(part => ({ ...part, on })))
  }

  heading(text: string): void {
    this.#parts.push({ kind: 'heading', cells: [{ text, tone: 'strong' }], level: 1 })
  }

  /** The head of a part of what the heading above is about. */
  subheading(...cells: Cell[]): void {
    this.#parts.push({ kind: 'heading', cells, level: 2 })
  }

  line(...cells: Cell[]): void {
    this.#parts.push({ kind: 'line', cells })
  }

  /** Nothing where there are no rows. */
  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
    if (rows.length > 0) this.#parts.push({ kind: 'table', columns, rows })
  }

  code(text: string): void {
    this.#parts.push({ kind: 'code', text })
  }

  /** Text that is laid out already, for so many columns.  */
  drawing(draw: (width: number) => string): void {
    this.#parts.push({ kind: 'drawing', draw })
  }

  /** Parts of one kind stand together, others apart; a heading belongs to what follows. */
  text(look: Look): string {
    const whole = this.#wholeText(look)
    if (!look.screen) return whole
    const lines = countLines([whole])
    const fits = lines <= look.screen.height && this.#actions.length <= MOST_ACTIONS
    return fits ? whole : this.#screenText(look, look.screen, lines)
  }

  #wholeText(look: Look): string {
    const top = [...this.#findings, ...this.#actions.map(action => actionLine(action))]
    const body = this.#joined('details', part => printText(part, look), false)
    return (
      printAll(top, look) +
      (top.length > 0 && body !== '' && !body.startsWith('\n') ? '\n' : '') +
      body +
      printAll(
        this.#notes.flatMap(({ lines }) => lines),
        look,
      )
    )
  }

  #screenText(look: Look, { height, more }: Screen, lines: number): string {
    const short = (of: readonly Line[], most: number, tallest: number) =>
      of.slice(0, most).map(line => cutText(printLine(line, look), tallest, look))
    const top = [
      ...short(this.#findings, MOST_FINDINGS, 4),
      ...this.#actions.slice(0, MOST_ACTIONS).map(action => printAction(action, look)),
      ...(this.#findings.length > 0 ? ['\n'] : []),
    ]
    const notes = short(
      this.#notes.flatMap(({ brief }) => brief),
      MOST_NOTES,
      TALLEST,
    )
    const end = [...notes, printStyledLines([[{ text: more(lines), tone: 'quiet' }]], look.paint)]
    const parts = this.#parts.filter(({ on }) => on !== 'details')
    const body = fitParts(parts, look, height - countLines(top) - countLines(end))
    return top.join('') + body + end.join('')
  }

  markdown(): string {
    const lines = (all: readonly Line[]) => all.map(cells => printMarkdown({ kind: 'line', cells })).join('')
    const top = lines([...this.#findings, ...this.#actions.map(action => actionLine(action))])
    const body = this.#joined('details', printMarkdown, true)
    const notes = lines(this.#notes.flatMap(note => note.lines))
    return [top, body, notes].filter(Boolean).join('\n')
  }

  #joined(on: 'details', print: (part: Part) => string, apart: boolean): string {
    const parts = this.#parts.filter(part => (part.on ?? on) === on)
    return parts
      .map((part, i) => {
        const before = parts[i - 1]
        const gap =
          before && (part.kind === 'heading' || (apart && !(before.kind === 'line' && part.kind === 'line')))
        return (gap ? '\n' : '') + print(part)
      })
      .join('')
  }
}

/** Something to do. */
interface Action {
  readonly what: string
  /** On which hosts; on a screen the first few are named. Absent: `what` says it. */
  readonly on?: readonly string[]
  /** How many there are, where it may be all of them. */
  readonly of?: number
  /** What it gains; absent: nothing is to be said. */
  readonly gain?: string
  /** Which of several fleets it is about. */
  readonly about: Line
}

/** `do: update microcode, on a, b and 3 more: guests gain ssbd` */
function actionLine({ what, on = [], of, gain, about }: Action, names = 3): Line {
  const hosts =
    on.length === of && of > 2
      ? `, on all ${of} hosts`
      : on.length === 0
        ? ''
        : names === 0
          ? `, on ${count(on.length, 'host')}`
          : `, on ${fewNames(on, names)}`
  return [{ text: 'do: ', tone: 'strong' }, ...about, what + hosts + (gain ? `: ${gain}` : '')]
}

/** An action on a screen: with as many names as leave room for what it gains. */
function printAction(action: Action, look: Look): string {
  const texts = [2, 1, 0].map(names => printLine(actionLine(action, names), look))
  const fits = texts.find(text => countLines([text]) <= TALLEST) ?? texts.at(-1) ?? ''
  return cutText(fits, TALLEST, look)
}

/** More of them would leave no room. */
const MOST_FINDINGS = 4
const MOST_NOTES = 4

/** Rows that a table shows at least, if it has them and there is room; one where there is not. */
const FEWEST = 3

/** A part of a screen: what it may be cut between, and how much of it is shown. */
interface Block {
  readonly lines: readonly string[]
  readonly isHeading: boolean
  shown: number
}

/** The parts in their order as far as they fit; tables give way to what stands below them. */
function fitParts(parts: readonly Part[], look: Look, most: number): string {
  const blocks: Block[] = []
  let room = most
  for (const [i, part] of parts.entries()) {
    const isHeading = part.kind === 'heading'
    const lines = [...(isHeading && i > 0 ? ['\n'] : []), ...linesOf(part, look)]
    const isWhole = isHeading || part.kind === 'line'
    const sizes = isWhole ? [lines.length] : [Math.min(FEWEST + 1, lines.length), Math.min(2, lines.length)]
    const needs = (size: number) => countLines(lines.slice(0, size)) + (size < lines.length ? 1 : 0)
    const shown = sizes.find(size => needs(size) <= room)
    if (shown === undefined) break
    room -= needs(shown)
    blocks.push({ lines, isHeading, shown })
  }
  while (blocks.at(-1)?.isHeading) blocks.pop()
  for (const block of blocks) room -= showMore(block, room)
  return blocks
    .map(({ lines, shown }) => lines.slice(0, shown).join('') + moreLine(lines.length - shown))
    .join('')
}

/** Shows as much more of it as there is room for; returns how many lines that takes. */
function showMore(block: Block, room: number): number {
  let left = room
  for (let next = block.lines[block.shown]; next !== undefined; next = block.lines[block.shown]) {
    // The line that says how many more there are makes room for the last of them.
    const isLast = block.shown === block.lines.length - 1
    const needed = countLines([next]) - (isLast ? 1 : 0)
    if (needed > left) break
    left -= needed
    block.shown++
  }
  return room - left
}

/** What may be cut between. */
function linesOf(part: Part, look: Look): readonly string[] {
  if (part.kind === 'table')
    return layOutRows(part.columns, part.rows, look).map(row => cutText(row, TALLEST, look))
  const text = printText(part, look)
  return part.kind === 'drawing' || part.kind === 'code'
    ? text.split(/(?<=\n)/)
    : [cutText(text, TALLEST, look)]
}

/** Lines of one row of a table, or of one line, on a screen. */
const TALLEST = 3

/** The first lines, with a mark where others were cut off. */
function cutText(text: string, most: number, { width }: Look): string {
  const lines = text.split(/(?<=\n)/)
  if (lines.length <= most) return text
  const [last = '', ...before] = lines.slice(0, most).reverse()
  const end = last.trimEnd()
  const room = widthOf(end) + 2 <= width ? end : end.replace(/\s\S*$/, '')
  return `${before.reverse().join('')}${room} …\n`
}

const moreLine = (rows: number): string => (rows > 0 ? `${INDENT}… ${rows} more\n` : '')

const countLines = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0)

const printAll = (lines: readonly Line[], look: Look): string =>
  lines.map(line => printLine(line, look)).join('')

function printText(part: Part, look: Look): string {
  switch (part.kind) {
    case 'heading':
    case 'line':
      return printLine(part.cells, look)
    case 'table':
      return layOutRows(part.columns, part.rows, look).join('')
    case 'code':
      return part.text.replace(/^(?=.)/gm, '  ')
    case 'drawing':
      return part.draw(look.width)
  }
}

/** Lines that are too long go on below, two columns in. */
function printLine(given: Line, look: Look): string {
  const cells = given.map(cell => shortenCell(cell, look))
  const plain = cells.map(toPlainText).join('')
  if (widthOf(plain) <= look.width) return printStyledLines([cells], look.paint)
  const lead = /^ */.exec(plain)?.[0] ?? ''
  const [first = '', ...rest] = fill(plain.trim().split(' '), `${lead}  `, look.width)
  const lines = [lead + first.slice(lead.length + 2), ...rest]
  return `${paintWords(lines.join('\n'), cells, look.paint)}\n`
}

/** The words of the cells in their tones, however they are broken into lines. */
function paintWords(text: string, cells: Line, paint: Paint): string {
  const tones = cells.flatMap(cell =>
    Array.from(toPlainText(cell).replace(/\s/g, ''), () => (typeof cell === 'string' ? '' : cell.tone)),
  )
  let at = 0
  return text.replace(/\S+/g, word => {
    const runs: { text: string; tone: Tone | '' }[] = []
    for (const letter of word) {
      const tone = tones[at++] ?? ''
      const last = runs.at(-1)
      if (last?.tone === tone) last.text += letter
      else runs.push({ text: letter, tone })
    }
    return runs.map(run => (run.tone === '' ? run.text : paint(run.text, run.tone))).join('')
  })
}

/** The least room that a wrapping column gets. */
const NARROWEST = 24
const INDENT = '  '

/** The text of each row, the head first where there is one. */
function layOutRows(columns: readonly Column[], given: readonly (readonly Cell[])[], look: Look): string[] {
  const rows = look.shorten ? given.map(row => row.map(cell => shortenCell(cell, look))) : given
  const titles = columns.map(({ title }) => title)
  const headed = titles.some(title => title !== '')
  const all: (readonly Cell[])[] = headed
    ? [titles.map((text): StyledText => ({ text, tone: 'quiet' })), ...rows]
    : [...rows]
  return layOutCells(columns, all, look)
}

/** Where the table is too wide, a column stands in lines of its own: the first above the others, any other below. */
function layOutCells(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  look: Look,
  indent = INDENT,
): string[] {
  const room = look.width - indent.length
  const { widths, over } = computeWidths(columns, rows, room)
  if (over <= 0 || columns.length === 1) return rows.map(row => printRow(columns, row, widths, look, indent))
  const apart = findColumnApart(columns, rows, room)
  const inner = `${indent}${INDENT}`
  const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== apart)
  const rest = layOutCells(others(columns), rows.map(others), look, apart === 0 ? inner : indent)
  return rows.map((row, i) => {
    const [cell = ''] = row.slice(apart)
    const own = toPlainText(cell) === '' ? '' : printLine([apart === 0 ? indent : inner, cell], look)
    return apart === 0 ? own + (rest[i] ?? '') : (rest[i] ?? '') + own
  })
}

/** The first column, or else the one with the longest texts, without which the table fits; else the one with the longest. */
function findColumnApart(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  room: number,
): number {
  const longest = columns.map((_, i) =>
    rows.reduce((n, row) => Math.max(n, toPlainText(row[i] ?? '').length), 0),
  )
  const byLength = columns.map((_, i) => i).sort((a, b) => (longest[b] ?? 0) - (longest[a] ?? 0))
  const fits = (apart: number) => {
    const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== apart)
    return computeWidths(others(columns), rows.map(others), room - INDENT.length).over <= 0
  }
  return [0, ...byLength].find(fits) ?? byLength[0] ?? 0
}

interface Widths {
  readonly widths: readonly number[]
  /** By how much the table is still too wide. */
  readonly over: number
}

/** The columns of words give way until the table fits: those that wrap, then the widest. Words are not broken. */
function computeWidths(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): Widths {
  const widths = columns.map(() => 0)
  const least = columns.map(() => 0)
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      const text = toPlainText(cell)
      widths[i] = Math.max(widths[i] ?? 0, widthOf(text))
      for (const word of text.split(' ')) least[i] = Math.max(least[i] ?? 0, widthOf(word))
    }
  }
  const over = () => widths.reduce((sum, each) => sum + each + 2, -2) - width
  const wraps = columns.flatMap(({ wraps: is }, i) => (is ? [i] : []))
  const others = columns.flatMap(({ wraps: is, align }, i) => (is || align ? [] : [i]))
  const byWidth = (a: number, b: number) => (widths[b] ?? 0) - (widths[a] ?? 0)
  const steps = [
    ...[...wraps, ...others.sort(byWidth)].map(i => [i, Math.max(NARROWEST, least[i] ?? 0)] as const),
    ...[...wraps, ...others].map(i => [i, least[i] ?? 0] as const),
  ]
  for (const [i, floor] of steps) {
    const now = widths[i] ?? 0
    if (over() > 0) widths[i] = Math.min(now, Math.max(floor, now - over()))
  }
  return { widths, over: over() }
}

function printRow(
  columns: readonly Column[],
  row: readonly Cell[],
  widths: readonly number[],
  { paint }: Look,
  indent: string,
): string {
  const cells = columns.map((_, i) => {
    const text = toPlainText(row[i] ?? '')
    const room = widths[i] ?? NARROWEST
    return widthOf(text) > room ? fill(text.split(' '), '', room) : [text]
  })
  const height = Math.max(...cells.map(lines => lines.length), 1)
  return Array.from({ length: height }, (_, n) => {
    const line = columns.map(({ align }, i) => {
      const text = cells[i]?.[n] ?? ''
      const room = widths[i] ?? 0
      const padding = ' '.repeat(Math.max(0, room - widthOf(text)))
      const shown = paintText(row[i] ?? '', text, paint)
      return align === 'right' ? padding + shown : shown + padding
    })
    return `${(indent + line.join('  ')).trimEnd()}\n`
  }).join('')
}

function printMarkdown(part: Part): string {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level + 1)} ${escapeMarkdown(part.cells.map(toPlainText).join('').trim())}\n`
    case 'line':
      return `${escapeMarkdown(part.cells.map(toPlainText).join('').trim())}  \n`
    case 'table': {
      const head = part.columns.map(({ title }) => title)
      const rule = part.columns.map(({ align }) => (align === 'right' ? '---:' : '---'))
      const rows = part.rows.map(row => part.columns.map((_, i) => escapeMarkdown(toPlainText(row[i] ?? ''))))
      return [head, rule, ...rows].map(row => `| ${row.join(' | ')} |\n`).join('')
    }
    case 'code':
      return fence(part.text)
    case 'drawing':
      return fence(part.draw(100))
  }
}

const fence = (text: string): string => (text.trim() === '' ? text : `\`\`\`\n${text.trimEnd()}\n\`\`\`\n`)

/** What Markdown would take for its own. */
const escapeMarkdown = (text: string): string => text.replace(/[|*_<\\]/g, '\\$&')

/** What colour may tell: it never says what the words do not. */
export type Tone = 'good' | 'bad' | 'warning' | 'strong' | 'quiet'

/** A word or a line, and its tone. */
export interface StyledText {
  readonly text: string
  readonly tone: Tone
}

export type Cell = string | StyledText

/** A line of text, without the newline at its end. */
export type Line = readonly Cell[]

/** Gives text the colour of a tone, or leaves it as it is. */
export type Paint = (text: string, tone: Tone) => string

const shortenCell = (cell: Cell, { shorten }: Look): Cell => {
  if (!shorten) return cell
  return typeof cell === 'string' ? shorten(cell) : { ...cell, text: shorten(cell.text) }
}

const toPlainText = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

/** Some text in the colour of a cell: the cell's own, or what became of it. */
const paintText = (cell: Cell, text: string, paint: Paint): string =>
  typeof cell === 'string' ? text : paint(text, cell.tone)

export const printStyledLines = (lines: readonly Line[], paint: Paint): string =>
  lines.map(line => `${line.map(cell => paintText(cell, toPlainText(cell), paint)).join('')}\n`).join('')

/** Lines of aligned columns, two blanks apart; the last column is not padded. */
export function printTable(rows: readonly (readonly Cell[])[], indent = ''): Line[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(toPlainText(cell)))
  }
  return rows.map(row => {
    const last = row.findLastIndex(cell => toPlainText(cell) !== '')
    const cells = row.slice(0, last + 1).flatMap((cell, i) => {
      const room = i < last ? (widths[i] ?? 0) - widthOf(toPlainText(cell)) + 2 : 0
      return [cell, ' '.repeat(room)]
    })
    return [indent, ...cells]
  })
}
