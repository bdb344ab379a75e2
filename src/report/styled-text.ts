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

export const toPlainText = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

/** Some text in the colour of a cell: the cell's own, or what became of it. */
export const paintText = (cell: Cell, text: string, paint: Paint): string =>
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
