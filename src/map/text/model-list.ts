import { type DataStatement, faultIn, statementsOf, tokensOf } from './data-file.ts'

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
