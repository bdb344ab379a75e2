import { faultIn, type Statement, tokensOf } from './data-file.ts'

/** What a line takes away and adds, as written: feature names and `@sets`. Removals come first. */
export interface Delta {
  readonly minus: readonly string[]
  readonly plus: readonly string[]
}

/** Reads `[- NAME …] [+ NAME …]`, part of a statement. @throws ParseError */
export function parseDelta(text: string, statement: Statement): Delta {
  const delta: { minus: string[]; plus: string[] } = { minus: [], plus: [] }
  let names: string[] | undefined
  for (const token of tokensOf(text)) {
    if (token === '+' || (token === '-' && !names)) names = token === '+' ? delta.plus : delta.minus
    else if (token === '-') throw faultIn(statement, 'what is taken away comes before what is added', token)
    else if (names) names.push(token)
    else throw faultIn(statement, 'expected `- NAME …` or `+ NAME …`', token)
  }
  return delta
}
