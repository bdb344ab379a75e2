import type { Database } from '../database.ts'
import { type KvmRule, parseKvmRules } from '../kvm-rules.ts'
import { type DataFile, type DataStatement, parseModelList, statementsOf } from '../text/data-file.ts'
import { formatData } from '../text/format.ts'
import type { WordPlace } from '../text/parse-features.ts'
import {
  closedUnderDeps,
  findingAt,
  findingIn,
  inFileOrder,
  type LintFinding,
  type LintSubject,
  lintSubject,
  noNoOps,
  releasedStay,
  smallestDelta,
} from './models.ts'

/** Law 6: one place for a feature and one feature for a place: no name and no bit is there twice. */
function onePlaceEach({ words, features }: LintSubject): LintFinding[] {
  const seen = new Map<string, number>()
  const once = (key: string, offset: number): LintFinding[] => {
    if (seen.has(key)) return [findingAt(features, offset, `${key} is above already`)]
    seen.set(key, offset)
    return []
  }
  return words.flatMap(({ at, offset, features: rows }) => {
    const place = placeOf(at)
    const own = rows.flatMap(row => [
      ...once(`feature ${row.name}`, row.offset),
      ...once(`bit ${row.bit} of ${place}`, row.offset),
    ])
    return [...once(`word ${place}`, offset), ...own]
  })
}

function placeOf(at: WordPlace): string {
  if ('name' in at) return at.name
  return 'msr' in at ? `msr ${at.msr.toString(16)}` : `${at.leaf.toString(16)}.${at.subleaf}.${at.register}`
}

/** Law 7: every word and every family cites a source, and every source is in `docs/sources.md`. */
function sourcesCited({ words, features, db, sources }: LintSubject): LintFinding[] {
  const keys = new Set(Array.from(sources.matchAll(/^\| `([^`]+)`/gm), match => match[1] ?? ''))
  const faults = (cited: readonly string[]) =>
    cited.length === 0
      ? ['no source is cited']
      : cited.filter(key => !keys.has(key)).map(key => `unknown source \`${key}\``)
  return [
    ...words.flatMap(word => {
      const cited = word.sources ? word.sources.split(';').map(key => key.trim()) : []
      return faults(cited).map(message => findingAt(features, word.offset, message))
    }),
    ...db.families.flatMap(family =>
      faults(family.sources).map(message => findingIn(family.row.at, message)),
    ),
  ]
}

/** The longest title that fits beside a name in a table of 100 columns. */
const LONGEST_TITLE = 60

/** Law 8: every title is there, is the only one of its kind, says more than the name, and fits in a line. */
function titlesTell({ words, features }: LintSubject): LintFinding[] {
  const seen = new Set<string>()
  const rows = words.flatMap(word => word.features)
  const faultOf = (name: string, title: string): string | undefined => {
    if (title === '') return 'the title is missing'
    if (title.length > LONGEST_TITLE)
      return `the title has ${title.length} characters, more than ${LONGEST_TITLE}`
    if (plain(title) === plain(name)) return 'the title is the name again'
    return seen.has(title) ? 'another feature has the same title' : undefined
  }
  return rows.flatMap(({ name, title, offset }) => {
    const fault = faultOf(name, title)
    seen.add(title)
    return fault ? [findingAt(features, offset, fault)] : []
  })
}

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Law 9: every file is as the formatter writes it. */
function formatted({ texts }: LintSubject): LintFinding[] {
  const { features, models, walk, names = '', deps = '' } = texts
  const files = {
    'features.txt': features,
    ...models,
    'walk.txt': walk,
    'names.txt': names,
    'deps.txt': deps,
  }
  return Object.entries(files).flatMap(([file, text]) => {
    const lines = text.split('\n')
    const at = formatData(text, file)
      .split('\n')
      .findIndex((line, i) => line !== lines[i])
    return text === '' || at < 0 ? [] : [{ file, line: at + 1, message: 'not as the formatter writes it' }]
  })
}

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
  /^(?:effect|error|generation|system|needs|avoid|costs|vulnerability|erratum|word|microcode|product) /.test(
    text,
  ) ||
  (indent > 0 && text.includes(' : ') && !/^(?:[*@]|(?:with|without|on|says|then|or|wants) )/.test(text))

/**
 * Everything that breaks a law of `kvm.txt`: features, vendors and sources are known, no two lines say the same of
 * a feature, and a condition is on a feature that is passed on, so that what is offered is offered again.
 * @throws ParseError
 */
export function lintKvm(file: DataFile, db: Database, sources: string): LintFinding[] {
  const keys = new Set(Array.from(sources.matchAll(/^\| `([^`]+)`/gm), match => match[1] ?? ''))
  const { rules } = parseKvmRules(file)
  const seen = new Map<string, KvmRule>()
  const found = rules.flatMap(rule => {
    const faultsOf = (name: string): string[] => {
      const key = `${name} ${conditionsOf(rule)}`
      const isTwice = seen.has(key)
      seen.set(key, rule)
      if (!db.features.get(name)) return [`no feature of libvirt's is called \`${name}\``]
      return isTwice ? [`\`${name}\` has a line of these conditions`] : []
    }
    return [
      ...rule.features.flatMap(faultsOf),
      ...rule.needs.filter(name => !isPassed(rules, name)).map(name => `\`${name}\` may be kept`),
      ...rule.vendors.filter(name => !db.vendor(name)).map(name => `no vendor is called \`${name}\``),
      ...(rule.sources.length === 0 ? ['no source'] : []),
      ...rule.sources.filter(key => !keys.has(key)).map(key => `unknown source \`${key}\``),
    ].map(message => findingIn(rule.at, message))
  })
  const tidy = formatData(file.text, file.name).split('\n')
  const at = file.text.split('\n').findIndex((line, i) => line !== tidy[i] || line.length > 100)
  const message = 'not as the formatter writes it'
  return at < 0 ? found : [...found, { file: file.name, line: at + 1, message }]
}

const conditionsOf = ({ vendors, needs, since, until }: KvmRule): string =>
  JSON.stringify([vendors, needs, since, until])

const isPassed = (rules: readonly KvmRule[], name: string): boolean =>
  rules.every(({ kind, features }) => kind === 'passed' || kind === 'given' || !features.includes(name))
