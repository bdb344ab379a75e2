import type { Analysis } from '../analysis.ts'

const COLUMNS = ['host', 'pool', 'silicon', 'signature', 'level', 'features', 'microcode', 'file']

/** The hosts as comma-separated values (RFC 4180), with a line of titles. */
export function tableOf({ view, group }: Analysis): string {
  const rows = view.groups.flatMap(one => {
    const { microarchitecture, signature, level, featureCount } = group(one)
    return one.hosts.map(({ name, pool = '', path = '', microcode }) => [
      name,
      pool,
      microarchitecture ?? '',
      signature,
      level ?? '',
      String(featureCount),
      microcode === undefined ? '' : `0x${microcode.toString(16)}`,
      path,
    ])
  })
  return [COLUMNS, ...rows].map(cells => `${cells.map(quote).join(',')}\r\n`).join('')
}

/** A cell that begins like a formula is none in a spreadsheet after an apostrophe. */
const quote = (cell: string): string => {
  const safe = /^[=+@\t-]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
