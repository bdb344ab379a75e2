import { type Cell, type Line, toPlainText } from './styled-text.ts'

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
