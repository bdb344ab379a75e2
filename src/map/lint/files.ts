import { type DataFile, type DataStatement, statementsOf } from '../text/data-file.ts'
import { formatData } from '../text/format.ts'
import { parseModelList } from '../text/model-list.ts'
import { formatted, onePlaceEach, sourcesCited, titlesTell } from './features.ts'
import { closedUnderDeps, inFileOrder, noNoOps, releasedStay, smallestDelta } from './models.ts'
import { findingIn, type LintFinding, type LintSubject, lintSubject } from './subject.ts'

/** The laws of the data, in the order of `data/README.md`. */
export const LAWS: Readonly<Record<string, (subject: LintSubject) => LintFinding[]>> = {
  noNoOps,
  inFileOrder,
  closedUnderDeps,
  smallestDelta,
  releasedStay,
  onePlaceEach,
  sourcesCited,
  titlesTell,
  formatted,
}

/** Everything that breaks a law; the data may be committed when there is nothing. */
export const lint = (subject: LintSubject): LintFinding[] => Object.values(LAWS).flatMap(law => law(subject))

/**
 * Everything that breaks a law in files of an architecture whose models do not descend from one another: lists of
 * models by the words that begin their fields, and tables of features or registers.
 */
export const lintFiles = (
  texts: Readonly<Record<string, string>>,
  lists: Readonly<Record<string, readonly string[]>>,
  sources: string,
): LintFinding[] =>
  Object.entries(texts).flatMap(([name, text]) =>
    lists[name] ? lintList(name, text, lists[name], sources) : lintTable(name, text, sources),
  )

/** The laws of `features.txt` hold for every file of its form. */
const lintTable = (name: string, text: string, sources: string): LintFinding[] =>
  lint(lintSubject({ features: text, models: {}, walk: '' }, sources, '')).map(finding => ({
    ...finding,
    file: name,
  }))

function lintList(name: string, text: string, fields: readonly string[], sources: string): LintFinding[] {
  const known = new Set(Array.from(sources.matchAll(/^\| `([^`]+)`/gm), match => match[1] ?? ''))
  const seen = new Set<string>()
  const { models } = parseModelList(text, name, fields)
  const found = models.flatMap(model => {
    const cited = model.sources.split(';').map(key => key.trim())
    const faults = cited.filter(key => !known.has(key)).map(key => `unknown source \`${key}\``)
    if (seen.has(model.name)) faults.push(`\`${model.name}\` is above already`)
    seen.add(model.name)
    return faults.map(message => findingIn(model.at, message))
  })
  const tidy = formatData(text, name).split('\n')
  const at = text.split('\n').findIndex((line, i) => line !== tidy[i] || line.length > 100)
  return at < 0 ? found : [...found, { file: name, line: at + 1, message: 'not as the formatter writes it' }]
}

/**
 * The lines of causes, effects, errors and generations that cite no source, or one that `docs/sources.md` does not have. Advice
 * that follows from a cause (`*`, `@kept`) needs none; `unverified` is no source, but says that the one before it was not checked.
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

const isFact = ({ text, indent }: DataStatement): boolean =>
  /^(?:effect|error|generation|system|needs|avoid|costs|vulnerability|erratum|word|microcode) /.test(text) ||
  (indent > 0 && text.includes(' : ') && !/^(?:[*@]|(?:without|on|says|then|or) )/.test(text))
