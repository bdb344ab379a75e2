import type { ItemRow } from '../model-rows.ts'
import { isVersion } from '../model-rows.ts'
import { faultIn, type Statement, tokensOf } from './data-file.ts'
import { splitDelta } from './split-delta.ts'

/** Reads `vN = PLAIN [: BASE] [(flags)] delta`, of which `vN` or `= PLAIN` may be missing. @throws ParseError */
export function parseItem(at: Statement): ItemRow {
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
