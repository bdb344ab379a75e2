import { faultIn, type Statement } from './data-file.ts'

/** What a line takes away and adds, as written: feature names and `@sets`. Removals come first. */
export interface Delta {
  readonly minus: readonly string[]
  readonly plus: readonly string[]
}

/** Reads `[- NAME …] [+ NAME …]`, part of a statement. @throws ParseError */
export function parseDelta(text: string, at: Statement): Delta {
  const delta: { minus: string[]; plus: string[] } = { minus: [], plus: [] }
  forEachName(text, at, (name, on) => (on ? delta.plus : delta.minus).push(name))
  return delta
}

/** Hands over each name of a delta and whether it is added. @throws ParseError */
export function forEachName(text: string, at: Statement, take: (name: string, on: boolean) => void): void {
  const tokens = text.split(' ')
  let sign = ''
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (token === '+' || (token === '-' && sign === '')) sign = token
    else if (token === '-') throw faultIn(at, 'what is taken away comes before what is added', token)
    else if (token !== '') {
      if (sign === '') throw faultIn(at, 'expected `- NAME …` or `+ NAME …`', token)
      take(token, sign === '+')
    }
  }
}
