import type { FamilyRow, ItemRow, VendorRow } from '../model-rows.ts'
import { faultIn, type Statement, tokensOf } from './data-file.ts'
import { readSignatures } from './read-signature.ts'

/** Reads `model FAMILY [: PARENT] [sig …] [gone …] [later @SET] [[source]]`; the items are to follow. */
export function parseFamily(at: Statement, section: VendorRow | undefined): FamilyRow & { items: ItemRow[] } {
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
