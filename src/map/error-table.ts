import { once } from '../core/memo.ts'
import { dataFile } from './data.ts'
import { type DataFile, type DataStatement, faultIn, readCited, statementsOf } from './text/data-file.ts'

/**
 * What an error text is to its reader: something failed, something went on without, a definition that will be refused,
 * or words around another program's error.
 */
export type FindingKind = 'failure' | 'setting' | 'warning' | 'frame'

/** The most urgent first. */
export const FINDING_KINDS: readonly FindingKind[] = ['failure', 'setting', 'warning', 'frame']

/** One way in which an error reads. */
interface ErrorText {
  /** As `errors.txt` writes it. */
  readonly template: string
  /** No source confirms that it reads so. */
  readonly isGuess: boolean
  /** Matches it in a text that `legible` made of a log; group `n` is the part `parts[n]`. */
  readonly pattern: RegExp
  readonly parts: readonly string[]
  /** Words that stand in every text that matches, in lower case, without white space: quick to look for. */
  readonly key: string
}

/** What is known of an error. */
export interface ErrorRecord {
  readonly name: string
  readonly kind: FindingKind
  readonly tools: readonly string[]
  readonly meaning: string
  /** Absent: the meaning says all. */
  readonly cause?: string
  /** In the order in which they are to be tried; `{PART}` stands for a part of the text. */
  readonly remedies: readonly string[]
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
  readonly texts: readonly ErrorText[]
}

/** What is known of errors, special ones before general ones. @throws ParseError on first use */
export const builtinErrors = once((): readonly ErrorRecord[] => parseErrors(dataFile('errors.txt')))

/** Reads `errors.txt`, whose head says its grammar. @throws ParseError */
export function parseErrors(file: DataFile): ErrorRecord[] {
  const records: Draft[] = []
  for (const at of statementsOf(file)) {
    const last = records.at(-1)
    const [, word = '', rest = ''] = /^(\S+) (.+)$/.exec(at.text) ?? []
    if (word === 'error') records.push(parseHead(at, rest))
    else if (!last) throw faultIn(at, 'expected `error NAME KIND TOOL … : what it means [SOURCE; …]`')
    else addLine(last, at, word, rest)
  }
  for (const { at, texts, remedies, name } of records) {
    if (texts.length === 0) throw faultIn(at, `\`${name}\` has no text`, name)
    if (remedies.length === 0) throw faultIn(at, `\`${name}\` has no remedy`, name)
  }
  return records.map(({ at: _, ...record }) => record)
}

interface Draft extends ErrorRecord {
  readonly at: DataStatement
  cause?: string
  readonly remedies: string[]
  readonly texts: ErrorText[]
}

function parseHead(at: DataStatement, rest: string): Draft {
  const [, name = '', word = '', tools = '', meaning = ''] = /^(\S+) (\S+) ([^:]+) : (.+)$/.exec(rest) ?? []
  const kind = FINDING_KINDS.find(one => one === word)
  const cited = readCited(meaning)
  if (!kind) throw faultIn(at, `expected a kind: ${FINDING_KINDS.join(', ')}`, word)
  if (!cited) throw faultIn(at, 'expected a source: `[SOURCE; …]`')
  const { text, sources } = cited
  const names = tools.split(' ').map(tool => tool.replaceAll('_', ' '))
  return { at, name, kind, tools: names, meaning: text, remedies: [], sources, texts: [] }
}

function addLine(record: Draft, at: DataStatement, word: string, rest: string): void {
  if (word === 'text' || word === 'guess')
    record.texts.push({ ...compileTemplate(rest, at), isGuess: word === 'guess' })
  else if (word === 'cause') record.cause = rest
  else if (word === 'try') record.remedies.push(rest)
  else throw faultIn(at, 'expected `text`, `guess`, `cause` or `try`', word)
}

const WORD = String.raw`[\w.+-]*[\w+]`
const LIST = String.raw`\[?'?[\w.+=:/-]*\w'?(?:(?:,\s*|;\s*|\s+and\s+)'?[\w.+=:/-]*\w'?)*\]?`
// A mail may have wrapped it once.
const LINE = String.raw`[^\n]{1,200}?(?:\n[^\n]{1,100}?)??`
const NUMBER = String.raw`\d[\d.]*`
const HEX = '(?:0x)?[0-9a-f]+h?'
const PLACE = String.raw`(?:CPUID[.[]\S+|MSR\([0-9A-F]+H\)[\w.-]*)(?:\s+\[bits? [\d:]+\])?`

/** The form of each part, by its name. */
const PARTS: Readonly<Record<string, string>> = {
  arch: WORD,
  bits: '[0-9a-f]{8}[0-9a-f-]*',
  bug: String.raw`[\w ]{2,40}?`,
  check: String.raw`\w+`,
  command: WORD,
  destination: String.raw`[01][01:\s]{7,80}[01]|${HEX}`,
  feature: WORD,
  features: LIST,
  enlightenment: String.raw`hv[-_][\w-]+`,
  file: String.raw`[^\s']+`,
  hex: HEX,
  incompatible: HEX,
  leaf: HEX,
  level: 'x86[-_]64[-_]v[1-4]',
  machine: WORD,
  mode: WORD,
  model: WORD,
  models: LIST,
  module: WORD,
  msr: HEX,
  needed: String.raw`hv[-_][\w-]+`,
  needs: String.raw`[\w\s-]{2,60}?`,
  number: NUMBER,
  other: WORD,
  others: LIST,
  place: PLACE,
  property: WORD,
  register: String.raw`\w+`,
  required: String.raw`[01xtfhr-][01xtfhr:\s-]{7,80}[01xtfhr-]`,
  selectors: String.raw`\[[^\]]{0,40000}\]?`,
  setting: WORD,
  source: HEX,
  subleaf: HEX,
  text: LINE,
  vendor: WORD,
  virttype: WORD,
  vmfeature: WORD,
  was: WORD,
}

/** What a part that is the last of its template takes: nothing would end it. */
const LAST: Readonly<Record<string, string>> = { text: String.raw`[^\n]{1,200}` }

/**
 * The pattern of a template. Quotation marks, white space and case are whatever the text has.
 * @throws ParseError for a part that has no form, or brackets that are not closed
 */
function compileTemplate(template: string, at: DataStatement): Omit<ErrorText, 'isGuess'> {
  const parts: string[] = []
  let source = ''
  const tokens = template.match(/\\.|\{[^}]*\}|\s*\.\.\.\s*|\s+\??|'|[()|?]|[^\\{.\s'()|?]+|./g) ?? []
  for (const [i, token] of tokens.entries()) {
    if (token.startsWith('{')) {
      const name = token.slice(1, -1)
      const form = (i === tokens.length - 1 ? LAST[name] : undefined) ?? PARTS[name]
      if (form === undefined) throw faultIn(at, `no part is called \`${name}\``)
      source += `(${form})`
      parts.push(name)
    } else source += /^\s+\?$/.test(token) ? String.raw`\s*` : (TOKENS[token.trim()] ?? escapeToken(token))
  }
  const start = /^[\w']/.test(template) ? String.raw`(?<![\w-])` : ''
  try {
    return { template, pattern: new RegExp(start + source, 'gi'), parts, key: keyOf(template) }
  } catch (error) {
    throw faultIn(at, `a bad template: ${(error as Error).message}`)
  }
}

const TOKENS: Readonly<Record<string, string>> = {
  '': String.raw`\s+`,
  '...': String.raw`[\s\S]{0,160}?`,
  "'": "'*",
  '(': '(?:',
  ')': ')',
  '|': '|',
  '?': '?',
}

const escapeToken = (token: string): string => token.replace(/^\\/, '').replace(/[.*+^${}[\]\\()|?]/g, '\\$&')

/** The longest run of letters that no choice, part or mark interrupts. */
function keyOf(template: string): string {
  const fixed = template.replace(/\\./g, ' ').replace(/\{[^}]*\}|\.\.\./g, ' ')
  let bare = fixed
  while (/\([^()]*\)/.test(bare)) bare = bare.replace(/\([^()]*\)/g, ' ')
  const words = bare.replace(/\w\?/g, ' ').match(/[a-z0-9_]+/gi) ?? []
  return words.reduce((best, word) => (word.length > best.length ? word : best), '').toLowerCase()
}
