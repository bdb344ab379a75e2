import { formatModels } from './format-models.ts'
import { type FeatureRow, parseFeatures, type WordRow } from './parse-features.ts'

/**
 * The text of a data file as it is committed: columns aligned, lines of at most 100 characters. Words,
 * their order and comments stay as they are, so formatting what is formatted changes nothing.
 * @param name the file's name, which says what kind of file it is
 * @throws ParseError for what the grammar does not know
 */
export function formatData(text: string, name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1)
  if (name.includes('models/')) return formatModels(text, name)
  return file === 'features.txt' ? formatFeatures(text, name) : formatPlain(text)
}

/**
 * The form of files whose columns are their author's: no blanks at line ends, no two empty lines together,
 * one line feed at the end.
 */
function formatPlain(text: string): string {
  const lines = text.split('\n').map(line => line.trimEnd())
  const kept = lines.filter((line, i) => line !== '' || lines[i - 1] !== '')
  return `${kept.join('\n').trim()}\n`
}

/** The form of `features.txt`: within a word, columns as wide as their widest entry. @throws ParseError */
function formatFeatures(text: string, name: string): string {
  const printed = new Map<number, string>()
  for (const word of parseFeatures({ name, text })) {
    printed.set(word.offset, printHead(word, lineAt(text, word.offset)))
    const columns = {
      name: Math.max(...word.features.map(row => row.name.length)),
      flags: Math.max(...word.features.map(row => flagsAt(text, row).length)),
      length: Math.max(...word.features.map(row => lengthOf(row).length)),
    }
    for (const row of word.features) printed.set(row.offset, printRow(row, flagsAt(text, row), columns))
  }
  const lines: string[] = []
  for (let offset = 0; offset < text.length; ) {
    const line = lineAt(text, offset)
    lines.push(printed.get(offset) ?? line.trimEnd())
    offset += line.length + 1
  }
  return `${lines.join('\n').trim()}\n`
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  return text.slice(offset, end < 0 ? undefined : end)
}

const printHead = ({ title, sources }: WordRow, line: string): string =>
  `word ${line.split(/ +/)[1]} = ${title}${sources ? ` [${sources}]` : ''}`

/** How wide the columns of a word are. */
interface Columns {
  readonly length: number
  readonly name: number
  readonly flags: number
}

/** `:4s`, or nothing for a single bit. */
function lengthOf({ length, reading }: FeatureRow): string {
  const letter = { plain: '', signed: 's', 'zero-is-largest': 'z' }[reading]
  return length === 1 ? '' : `:${length}${letter}`
}

const flagsAt = (text: string, row: FeatureRow): string =>
  lineAt(text, row.offset).trim().split(/ +/)[3] ?? ''

function printRow(row: FeatureRow, flags: string, columns: Columns): string {
  const bit = String(row.bit).padStart(5) + lengthOf(row).padEnd(columns.length)
  return `${bit}  ${row.name.padEnd(columns.name)}  ${row.flags.order}  ${flags.padEnd(columns.flags)}  ${row.title.trim()}`
}
