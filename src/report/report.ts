import { fill } from '../core/text.ts'

interface Column {
  /** Empty: the table has no head. */
  readonly title: string
  readonly align?: 'right'
  /** Takes what room is left, and goes on below itself; at most one of a table. */
  readonly wraps?: true
}

/** What a report is made of. */
type Part =
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
}

/** A report as it is made: headings, lines, tables; printed as text for people or as Markdown. */
export class Report {
  readonly #parts: Part[] = []

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
    return this.#joined(part => printText(part, look), false)
  }

  markdown(): string {
    return this.#joined(printMarkdown, true)
  }

  #joined(print: (part: Part) => string, apart: boolean): string {
    return this.#parts
      .map((part, i) => {
        const before = this.#parts[i - 1]
        const gap =
          before && (part.kind === 'heading' || (apart && !(before.kind === 'line' && part.kind === 'line')))
        return (gap ? '\n' : '') + print(part)
      })
      .join('')
  }
}

function printText(part: Part, look: Look): string {
  switch (part.kind) {
    case 'heading':
    case 'line':
      return printLine(part.cells, look)
    case 'table':
      return layOutTable(part.columns, part.rows, look)
    case 'code':
      return part.text.replace(/^(?=.)/gm, '  ')
    case 'drawing':
      return part.draw(look.width)
  }
}

/** Lines that are too long go on below, two columns in. */
function printLine(cells: readonly Cell[], look: Look): string {
  const plain = cells.map(toPlainText).join('')
  if (plain.length <= look.width) return printStyledLines([cells], look.paint)
  const lead = /^ */.exec(plain)?.[0] ?? ''
  const [first = '', ...rest] = fill(plain.trim().split(' '), `${lead}  `, look.width)
  return `${[lead + first.slice(lead.length + 2), ...rest].join('\n')}\n`
}

/** The least room that a wrapping column gets. */
const NARROWEST = 24
const INDENT = '  '

function layOutTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], look: Look): string {
  const titles = columns.map(({ title }) => title)
  const headed = titles.some(title => title !== '')
  const all: (readonly Cell[])[] = headed
    ? [titles.map((text): StyledText => ({ text, tone: 'quiet' })), ...rows]
    : [...rows]
  const widths = computeWidths(columns, all, look.width)
  return all.map(row => printRow(columns, row, widths, look)).join('')
}

function computeWidths(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): number[] {
  const natural = columns.map((_, i) => Math.max(...rows.map(row => toPlainText(row[i] ?? '').length)))
  const wrapping = columns.findIndex(({ wraps }) => wraps)
  if (wrapping < 0) return natural
  const others = natural.reduce((sum, each, i) => (i === wrapping ? sum : sum + each + 2), INDENT.length)
  return natural.map((each, i) =>
    i === wrapping ? Math.min(each, Math.max(NARROWEST, width - others)) : each,
  )
}

function printRow(
  columns: readonly Column[],
  row: readonly Cell[],
  widths: readonly number[],
  look: Look,
): string {
  const cells = columns.map(({ wraps }, i) => {
    const text = toPlainText(row[i] ?? '')
    return wraps ? fill(text.split(' '), '', widths[i] ?? NARROWEST) : [text]
  })
  const height = Math.max(...cells.map(lines => lines.length), 1)
  return Array.from({ length: height }, (_, n) => {
    const line = columns.map(({ align }, i) => {
      const text = cells[i]?.[n] ?? ''
      const room = widths[i] ?? 0
      const padding = ' '.repeat(Math.max(0, room - text.length))
      const shown = paintText(row[i] ?? '', text, look.paint)
      return align === 'right' ? padding + shown : shown + padding
    })
    return `${(INDENT + line.join('  ')).trimEnd()}\n`
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
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, toPlainText(cell).length)
  }
  return rows.map(row => {
    const last = row.findLastIndex(cell => toPlainText(cell) !== '')
    const cells = row.slice(0, last + 1).flatMap((cell, i) => {
      const room = i < last ? (widths[i] ?? 0) - toPlainText(cell).length + 2 : 0
      return [cell, ' '.repeat(room)]
    })
    return [indent, ...cells]
  })
}
