import { ParseError } from '../../core/parse-error.ts'

/** A data file: what errors call it, and its text. */
export interface DataFile {
  readonly name: string
  readonly text: string
}

/** A line together with the lines that continue it: one fact. */
export interface DataStatement {
  readonly file: DataFile
  /** Where its line begins in the file. */
  readonly offset: number
  /** How many blanks it begins with. */
  readonly indent: number
  /** Without comments; single blanks where lines were joined. */
  readonly text: string
  /** The comments at the ends of its lines, without `#`; empty: none. */
  readonly note: string
}

/** Indentation from which a line continues the one above. */
const CONTINUES = 4

/** Every fact of the file in its order. A `#` begins a comment wherever it stands. @throws ParseError */
export function statementsOf(file: DataFile): DataStatement[] {
  const { text } = file
  const statements: DataStatement[] = []
  for (let offset = 0, end = 0; offset < text.length; offset = end + 1) {
    const newline = text.indexOf('\n', offset)
    end = newline < 0 ? text.length : newline
    const line = text.slice(offset, end)
    const hash = line.indexOf('#')
    const body = (hash < 0 ? line : line.slice(0, hash)).trimEnd()
    const own = body.trimStart()
    if (own === '') continue
    const indent = body.length - own.length
    const note = hash < 0 ? '' : line.slice(hash + 1).trim()
    const last = indent < CONTINUES ? undefined : statements.pop()
    if (last) statements.push(joined(last, own, note))
    else if (indent >= CONTINUES) throw faultAt(file, offset + indent, 'this line continues nothing')
    else statements.push({ file, offset, indent, text: own, note })
  }
  return statements
}

const joined = (to: DataStatement, text: string, note: string): DataStatement => ({
  file: to.file,
  offset: to.offset,
  indent: to.indent,
  text: `${to.text} ${text}`,
  note: to.note && note ? `${to.note} ${note}` : to.note || note,
})

/** The blank-separated tokens of `text`. */
export function tokensOf(text: string): string[] {
  if (text === '') return []
  const tokens = text.split(' ')
  return tokens.includes('') ? tokens.filter(token => token !== '') : tokens
}

/** The fault at `offset` of the file. */
export const faultAt = (file: DataFile, offset: number, what: string): ParseError =>
  ParseError.at(what, file.text, offset, file.name)

/** The fault at the first `token` of the statement, or at its first character. */
export function faultIn({ file, offset, indent }: DataStatement, what: string, token = ''): ParseError {
  const from = offset + indent
  for (let at = token ? file.text.indexOf(token, from) : -1; at >= 0; at = file.text.indexOf(token, at + 1)) {
    if (standsAlone(file.text, at, token)) return faultAt(file, at, what)
  }
  return faultAt(file, from, what)
}

const standsAlone = (text: string, at: number, token: string): boolean =>
  !/[\w.@-]/.test(text.charAt(at - 1)) && !/[\w.-]/.test(text.charAt(at + token.length))

/** What a line of data says, and on whose word. */
interface Cited {
  /** With `(unverified)` at its end where its source could not be checked. */
  readonly text: string
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
  readonly isVerified: boolean
}

/** Reads `TEXT [KEY; …]`, where the last word may be `unverified`; undefined where no source is cited. */
export function readCited(line: string): Cited | undefined {
  const [, text = '', keys] = /^(.+) \[([^\]]+)\]$/.exec(line) ?? []
  if (keys === undefined) return undefined
  const words = keys.split('; ')
  const isVerified = words.at(-1) !== UNVERIFIED
  return {
    text: isVerified ? text : `${text} (${UNVERIFIED})`,
    sources: words.filter(word => word !== UNVERIFIED),
    isVerified,
  }
}

const UNVERIFIED = 'unverified'

/** A vendor of a list, with what identifies it in hardware; empty where the architecture does not say. */
interface ListedVendor {
  readonly name: string
  readonly id: string
}

/** A model of a list: a name, its vendor, and fields of the architecture's own. */
export interface ListedModel {
  readonly at: DataStatement
  readonly name: string
  readonly vendor: ListedVendor | undefined
  /** Values by field, as written; a field that is not given is not there. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  /** Keys of `docs/sources.md`, as written; the section's where it has none itself. */
  readonly sources: string
}

interface ModelList {
  readonly vendors: readonly ListedVendor[]
  /** In map order. */
  readonly models: readonly ListedModel[]
}

const NAME = '(?:"([^"]+)"|([^\\s"\\[]+))'
const SOURCES = '(?: +\\[(.*)\\])?$'
const VENDOR = new RegExp(`^vendor +${NAME}(?: +([^\\s\\[]+))?${SOURCES}`)
const MODEL = new RegExp(`^model +${NAME}((?: +[^\\s\\[]+)*)${SOURCES}`)

/**
 * Reads a list of models that do not descend from one another: `vendor NAME [ID]` opens a section,
 * `model NAME FIELD VALUE … [source] # note` stands in it. Grammar: `data/README.md`.
 * @param fields the words that begin a field
 * @throws ParseError
 */
export function parseModelList(text: string, name: string, fields: readonly string[]): ModelList {
  const vendors: ListedVendor[] = []
  const models: ListedModel[] = []
  let sources = ''
  for (const at of statementsOf({ name, text })) {
    const vendor = VENDOR.exec(at.text)
    const model = MODEL.exec(at.text)
    if (vendor) {
      vendors.push({ name: vendor[1] ?? vendor[2] ?? '', id: vendor[3] ?? '' })
      sources = vendor[4] ?? ''
    } else if (model) {
      const given = fieldsOf(tokensOf(model[3] ?? ''), fields, at)
      const called = model[1] ?? model[2] ?? ''
      models.push({ at, name: called, vendor: vendors.at(-1), fields: given, sources: model[4] ?? sources })
    } else throw faultIn(at, `expected \`vendor NAME [ID]\` or \`model NAME ${fields.join(' … ')} …\``)
  }
  return { vendors, models }
}

function fieldsOf(
  tokens: readonly string[],
  known: readonly string[],
  at: DataStatement,
): Record<string, readonly string[]> {
  const fields: Record<string, string[]> = {}
  let values: string[] | undefined
  for (const token of tokens) {
    if (known.includes(token)) {
      values = []
      fields[token] = values
    } else if (values) values.push(token)
    else throw faultIn(at, `a field begins with one of: ${known.join(', ')}`, token)
  }
  return fields
}

/** Hexadecimal digits of at most 32 bits. @throws ParseError */
export function hexOf(text: string, at: DataStatement): number {
  const number = /^[0-9a-f]{1,8}$/.test(text) ? Number.parseInt(text, 16) : undefined
  if (number === undefined) throw faultIn(at, 'a number is written in lower-case hexadecimal', text)
  return number
}
