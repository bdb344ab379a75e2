import { tokensOf } from './data-file.ts'
import { type Delta, parseDelta } from './delta.ts'
import { type FeatureRow, parseFeatureRows, type WordRow } from './parse-features.ts'
import {
  type FamilyRow,
  type ItemRow,
  parseModels,
  printSignatureField,
  type SetRow,
  type VendorRow,
} from './parse-models.ts'

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
  for (const word of parseFeatureRows({ name, text })) {
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
interface FeatureColumns {
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

function printRow(row: FeatureRow, flags: string, columns: FeatureColumns): string {
  const bit = String(row.bit).padStart(5) + lengthOf(row).padEnd(columns.length)
  return `${bit}  ${row.name.padEnd(columns.name)}  ${row.flags.order}  ${flags.padEnd(columns.flags)}  ${row.title.trim()}`
}

/** How long a line of data may be. */
const WIDTH = 100

/** Fills lines with `words`, one blank between; the first line begins with `first`, the others with `rest`. */
function wrap(words: readonly string[], first: string, rest: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of words) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return empty && lines.length > 0 ? lines : [...lines, line]
}

/** `text` with its comment at column `at`, or two blanks behind a longer text; without a note just the text. */
function withNote(text: string, note: string, at = 0): string {
  return note ? `${text.padEnd(at - 2)}  # ${note}` : text
}

/** The form of a file of models: one column for deltas and one for notes in each family. @throws ParseError */
export function formatModels(text: string, name: string): string {
  const { vendors, sets, families } = parseModels(text, name)
  const printed = new Map<number, readonly string[]>()
  for (const row of vendors) printed.set(row.at.offset, [printVendor(row)])
  for (const row of sets) printed.set(row.at.offset, printSet(row))
  for (const family of families) {
    printed.set(family.at.offset, printFamily(family))
    const columns = columnsOf(family.items)
    for (const item of family.items) printed.set(item.at.offset, printItem(item, columns))
  }
  const lines: string[] = []
  let offset = 0
  for (const line of text.split('\n')) {
    const own = line.trimEnd()
    const continues = own !== '' && !own.trimStart().startsWith('#') && !printed.has(offset)
    if (!continues) lines.push(...(printed.get(offset) ?? [own]))
    offset += line.length + 1
  }
  return `${lines.join('\n').trim()}\n`
}

function printVendor({ at, vendor, sources }: VendorRow): string {
  const name = vendor?.name.includes(' ') ? `"${vendor.name}"` : vendor?.name
  const head = vendor ? `vendor ${name} ${vendor.id}` : 'vendor -'
  return withNote(sources ? `${head}   [${sources}]` : head, at.note)
}

function printSet({ at, name, base, delta }: SetRow): string[] {
  const head = `set ${name}${base ? ` : ${base}` : ''}`
  const inline = withNote(`${head}   ${oneLine(parseDelta(delta, at))}`, at.note)
  return inline.length <= WIDTH ? [inline] : [withNote(head, at.note), ...block(parseDelta(delta, at), 4)]
}

function printFamily(family: FamilyRow): string[] {
  const { name, parent, signatures, also, gone, later, sources, at } = family
  const fields = [
    `model ${name}${parent ? ` : ${parent}` : ''}`,
    ...(signatures.length > 0 ? [`sig ${signatures.map(printSignatureField).join(' ')}`] : []),
    ...(also.length > 0 ? [`also ${also.map(printSignatureField).join(' ')}`] : []),
    ...(gone.length > 0 ? [`gone ${gone.join(' ')}`] : []),
    ...(later ? [`later ${later}`] : []),
    ...(sources ? [`[${sources}]`] : []),
  ]
  const inline = withNote(fields.join('   '), at.note)
  if (inline.length <= WIDTH) return [inline]
  const [head = '', ...rest] = fields
  const joined = `    ${rest.join('   ')}`
  const below = joined.length <= WIDTH ? [joined] : rest.map(field => `    ${field}`)
  return [withNote(head, at.note), ...below]
}

/** Where deltas and notes of a family begin. */
interface Columns {
  readonly delta: number
  readonly note: number
}

/** Longer heads, which have flags, stand out of their column rather than move it. */
const LONG_HEAD = 40

function columnsOf(items: readonly ItemRow[]): Columns {
  const heads = items.map(item => headOf(item).length)
  const delta = 2 + Math.max(...heads.filter(length => length < LONG_HEAD))
  const inline = items.map(item => ({ length: inlineOf(item, delta).length, note: item.at.note.length }))
  const fitting = inline.filter(({ length, note }) => note > 0 && length + 4 + note <= WIDTH)
  const note = 2 + Math.max(0, ...fitting.map(line => line.length))
  const widest = Math.max(0, ...fitting.map(line => line.note))
  return { delta, note: Math.min(note, WIDTH - 2 - widest) }
}

function printItem(item: ItemRow, columns: Columns): string[] {
  const { note } = item.at
  const line = inlineOf(item, columns.delta)
  if (line.length + (note ? 4 + note.length : 0) <= WIDTH) return [withNote(line, note, columns.note)]
  const head = headOf(item)
  const column = columns.note + 2 + note.length <= WIDTH ? columns.note : 0
  return [withNote(head, note, column), ...block(parseDelta(item.delta, item.at), 6)]
}

function headOf({ version, plain, base, flags }: ItemRow): string {
  const names = [version, plain && `= ${plain}`].filter(Boolean).join(' ')
  const tidy = flags.split(',').map(flag => tokensOf(flag).join(' '))
  return `  ${names}${base ? ` : ${base}` : ''}${flags ? ` (${tidy.join(', ')})` : ''}`
}

function inlineOf(item: ItemRow, column: number): string {
  const delta = oneLine(parseDelta(item.delta, item.at))
  return delta ? `${headOf(item).padEnd(column - 2)}  ${delta}` : headOf(item)
}

const oneLine = ({ minus, plus }: Delta): string =>
  [minus.length > 0 && `- ${minus.join(' ')}`, plus.length > 0 && `+ ${plus.join(' ')}`]
    .filter(Boolean)
    .join('  ')

/** A delta on lines of its own, wrapped under its first name. */
function block({ minus, plus }: Delta, indent: number): string[] {
  const [margin, hanging] = [' '.repeat(indent), ' '.repeat(indent + 2)]
  return [
    ...(minus.length > 0 ? wrap(minus, `${margin}- `, hanging) : []),
    ...(plus.length > 0 ? wrap(plus, `${margin}+ `, hanging) : []),
  ]
}
