import { type DataFile, type Statement, statementsOf } from '../text/data-file.ts'
import { findingIn, type LintFinding } from './lint-finding.ts'

/**
 * The lines of causes and effects that cite no source, or one that `docs/sources.md` does not have. Advice that follows
 * from a cause (`*`) needs none; `unverified` is no source, but says that nobody could look into the one before it.
 */
export function lintCited(file: DataFile, sources: string): LintFinding[] {
  const known = new Set(Array.from(sources.matchAll(/^\| `([^`]+)`/gm), match => match[1]))
  return statementsOf(file)
    .filter(isFact)
    .flatMap(at => {
      const cited = /\[([^\]]+)\]$/.exec(at.text)?.[1]?.split('; ') ?? []
      const keys = cited.filter(key => key !== 'unverified')
      if (keys.length === 0) return [findingIn(at, 'no source')]
      return keys.filter(key => !known.has(key)).map(key => findingIn(at, `unknown source \`${key}\``))
    })
}

const isFact = ({ text, indent }: Statement): boolean =>
  text.startsWith('effect ') || (indent > 0 && text.includes(' : ') && !text.startsWith('* '))
