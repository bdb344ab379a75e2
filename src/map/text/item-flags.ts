import type { SignatureMatch } from '../../core/signature.ts'
import { faultIn, type Statement, tokensOf } from './data-file.ts'
import { readSignatures } from './read-signature.ts'

/** What is in the brackets of an item. */
export interface ItemFlags {
  /** The plain name is never chosen for guests. */
  readonly host?: true
  /** The plain name is chosen neither for guests nor for hosts. */
  readonly never?: true
  /** No compat check of the plain name. */
  readonly exact?: true
  /** Instead of the family's. */
  readonly later?: string
  /** Instead of the family's. */
  readonly signatures?: readonly SignatureMatch[]
}

/** Reads `host, later @SET`, part of a statement; the empty text has no flags. @throws ParseError */
export function parseFlags(text: string, statement: Statement): ItemFlags {
  if (text === '') return NONE
  let flags = NONE
  for (const flag of text.split(',')) flags = { ...flags, ...parseFlag(flag.trim(), statement) }
  return flags
}

const NONE: ItemFlags = {}

function parseFlag(flag: string, statement: Statement): ItemFlags {
  const [name = '', value, ...more] = tokensOf(flag)
  if (name === 'sig' && value) return { signatures: readSignatures([value, ...more], statement) }
  if (name === 'later' && value && more.length === 0) return { later: value }
  if (!value && (name === 'host' || name === 'never' || name === 'exact')) return { [name]: true }
  throw faultIn(statement, 'a flag is host, never, exact, `later @SET` or `sig …`', name)
}
