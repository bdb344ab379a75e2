import { faultIn, type Statement, statementsOf, tokensOf } from './data-file.ts'

/** One line of `walk.txt`: the models of a family, where they stand in map order. */
export interface WalkRow {
  readonly at: Statement
  readonly family: string
  /** The names that come first; `v*` stands for all the rest. Empty: the plain names, then the versions. */
  readonly first: readonly string[]
}

/** Reads `walk.txt`, whose lines are `FAMILY` or `FAMILY = NAME … v*`. @throws ParseError */
export function parseWalk(text: string, name: string): WalkRow[] {
  return statementsOf({ name, text }).map(at => {
    const [family = '', equals, ...first] = tokensOf(at.text)
    if (equals !== undefined && (equals !== '=' || first.length === 0)) {
      throw faultIn(at, 'expected `FAMILY` or `FAMILY = NAME … v*`', equals)
    }
    return { at, family, first }
  })
}
