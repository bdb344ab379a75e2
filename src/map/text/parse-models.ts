import {
  type FamilyRow,
  type ItemRow,
  isVersion,
  type ModelsFile,
  type SetRow,
  type VendorRow,
} from '../model-rows.ts'
import { type DataFile, faultIn, type Statement, statementsOf, tokensOf } from './data-file.ts'
import { readSignatures } from './read-signature.ts'

const VENDOR = /^vendor +(?:-|(?:"([^"]+)"|(\S+)) +([^\s[]+))(?: +\[(.*)\])?$/

/**
 * Reads a file of models: vendor sections, named sets, and families with their versions.
 * Names are not looked up, flags and deltas not taken apart yet.
 * @throws ParseError
 */
export function parseModels(text: string, name: string): ModelsFile {
  const file: DataFile = { name, text }
  const vendors: VendorRow[] = []
  const sets: SetRow[] = []
  const families: (FamilyRow & { items: ItemRow[] })[] = []
  for (const statement of statementsOf(file)) {
    const family = families.at(-1)
    if (statement.indent > 0 && family) family.items.push(parseItem(statement))
    else if (statement.text.startsWith('model ')) families.push(parseFamily(statement, vendors.at(-1)))
    else if (statement.text.startsWith('set ')) sets.push(parseSet(statement))
    else vendors.push(parseVendor(statement))
  }
  return { file, vendors, sets, families }
}

function parseVendor(at: Statement): VendorRow {
  const line = VENDOR.exec(at.text)
  if (!line) throw faultIn(at, 'expected `vendor NAME ID`, `vendor -`, `set @NAME …` or `model FAMILY …`')
  const name = line[1] ?? line[2]
  const sources = line[4] ?? ''
  return name === undefined ? { at, sources } : { at, vendor: { name, id: line[3] ?? '' }, sources }
}

function parseSet(at: Statement): SetRow {
  const { head, delta } = splitDelta(at.text)
  const tokens = tokensOf(head)
  const name = tokens[1] ?? ''
  const base = tokens[3]
  if (!name.startsWith('@') || (tokens.length > 2 && (tokens[2] !== ':' || !base))) {
    throw faultIn(at, 'expected `set @NAME [: @BASE] delta`', name)
  }
  return { at, name, base, delta }
}

/** Reads `vN = PLAIN [: BASE] [(flags)] delta`, of which `vN` or `= PLAIN` may be missing. @throws ParseError */
function parseItem(at: Statement): ItemRow {
  const { head, delta } = splitDelta(at.text)
  const open = head.indexOf('(')
  const flags = open < 0 ? '' : head.slice(open + 1, -1)
  if (open >= 0 && !head.endsWith(')')) throw faultIn(at, 'flags end with `)`, and only a delta follows them')
  const tokens = tokensOf(open < 0 ? head : head.slice(0, open))
  const version = isVersion(tokens[0] ?? '') ? tokens[0] : undefined
  let next = version ? 1 : 0
  const plain = tokens[next] === '=' ? tokens[next + 1] : undefined
  if (plain) next += 2
  const base = tokens[next] === ':' ? tokens[next + 1] : undefined
  if (base) next += 2
  if (next < tokens.length || !(version || plain)) {
    throw faultIn(at, 'expected `vN [= PLAIN] [: BASE] [(flags)] delta` or `= PLAIN …`', tokens[next])
  }
  return { at, version, plain, base, flags, delta }
}

/** A line before and from its first `-` or `+` that stands alone. */
function splitDelta(text: string): { head: string; delta: string } {
  const minus = text.indexOf(' - ')
  const plus = text.indexOf(' + ')
  const end = minus < 0 || (plus >= 0 && plus < minus) ? plus : minus
  return end < 0
    ? { head: text, delta: '' }
    : { head: text.slice(0, end).trimEnd(), delta: text.slice(end + 1) }
}

/** Reads `model FAMILY [: PARENT] [sig …] [gone …] [later @SET] [[source]]`; the items are to follow. */
function parseFamily(at: Statement, section: VendorRow | undefined): FamilyRow & { items: ItemRow[] } {
  const open = at.text.endsWith(']') ? at.text.indexOf('[') : -1
  const tokens = tokensOf(open < 0 ? at.text : at.text.slice(0, open))
  const [, name = ''] = tokens
  if (!name || isKeyword(name)) throw faultIn(at, 'expected `model FAMILY`')
  const fields = fieldsOf(tokens, at)
  return {
    at,
    name,
    section,
    parent: fields[':']?.join(' '),
    signatures: readSignatures(fields.sig ?? [], at),
    gone: fields.gone ?? [],
    later: fields.later?.join(' '),
    sources: open < 0 ? '' : at.text.slice(open + 1, -1),
    items: [],
  }
}

/** What may follow a family's name, each with its values. */
interface Fields {
  ':'?: string[]
  sig?: string[]
  gone?: string[]
  later?: string[]
}

const isKeyword = (token: string): token is keyof Fields =>
  token === ':' || token === 'sig' || token === 'gone' || token === 'later'

function fieldsOf(tokens: readonly string[], at: Statement): Fields {
  const fields: Fields = {}
  let values: string[] | undefined
  for (let i = 2; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (isKeyword(token)) {
      values = []
      fields[token] = values
    } else if (values) values.push(token)
    else throw faultIn(at, 'expected `:`, `sig`, `gone`, `later` or `[source]`', token)
  }
  return fields
}
