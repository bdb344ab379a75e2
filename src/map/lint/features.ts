import { formatData } from '../text/format.ts'
import type { WordPlace } from '../text/parse-features.ts'
import type { LintSubject } from './subject.ts'
import { findingAt, findingIn, type LintFinding } from './subject.ts'

/** Law 6: one place for a feature and one feature for a place: no name and no bit is there twice. */
export function onePlaceEach({ words, features }: LintSubject): LintFinding[] {
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
export function sourcesCited({ words, features, db, sources }: LintSubject): LintFinding[] {
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
export function titlesTell({ words, features }: LintSubject): LintFinding[] {
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
export function formatted({ texts }: LintSubject): LintFinding[] {
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
