import type { FamilyRow, ItemRow, ModelsFile, SetRow, VendorRow } from '../model-rows.ts'
import { type DataFile, faultIn, type Statement, statementsOf, tokensOf } from './data-file.ts'
import { parseFamily } from './parse-family.ts'
import { parseItem } from './parse-item.ts'
import { splitDelta } from './split-delta.ts'

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
