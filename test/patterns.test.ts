import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { part } from './effort.ts'

/**
 * A pattern that goes over the same characters again and again takes hours of a text of megabytes, which may come from
 * anyone. So every pattern of ours is tried on long runs of characters that patterns look for.
 */

interface Pattern {
  /** `src/formats/yaml.ts:12` */
  readonly place: string
  readonly source: string
  readonly flags: string
}

const root = join(import.meta.dirname, '..')

function patternsIn(folder: string): Pattern[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return files.filter(name => name.endsWith('.ts')).flatMap(name => patternsOf(join(folder, name)))
}

function patternsOf(path: string): Pattern[] {
  const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Pattern[] = []
  const visit = (node: ts.Node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const [, source = '', flags = ''] = /^\/([\s\S]*)\/(\w*)$/.exec(node.text) ?? []
      const { line } = file.getLineAndCharacterOfPosition(node.getStart())
      found.push({ place: `${path}:${line + 1}`, source, flags })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const REPEATED = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r',
    'a',
    'A',
    '0',
    'x',
    '-',
    '.',
    '_',
    '=',
    ':',
    '/',
    '"',
    "'",
    '(',
    '<',
    '[',
    '{',
    '#',
    '|',
    '+',
    ',',
    '\\',
  ],
  ...[
    'a ',
    'a,',
    'a=',
    'a: ',
    ' -',
    '0x',
    '- ',
    'a\n',
    ' \n',
    '\t\n',
    'a.',
    'a-',
    'A_',
    '[a]',
    'a/',
    '"a"',
    ', ',
    '<a',
    '--',
    '  a',
    '\x1b[',
    '<HOST>',
    '&a ',
  ],
]

/** How the pattern itself begins, as far as that is plain text. */
const headOf = ({ source }: Pattern): string =>
  /^\^?(?:\[ \\t\]\*|\\s\*|\\b)*((?:\\[.[(/{|]|[\w :<="/,-])*)/.exec(source)?.[1]?.replaceAll('\\', '') ?? ''

function* textsFor(pattern: Pattern, length: number): Generator<string> {
  for (const repeated of REPEATED)
    for (const head of new Set(['', '\n', headOf(pattern)]))
      for (const end of ['', '\0', '\n\0']) yield head + repeated.repeat(length / repeated.length) + end
}

/** Milliseconds, the least of some tries. */
function timeOf(pattern: RegExp, text: string, tries: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries; i++) {
    const from = performance.now()
    text.match(pattern)
    least = Math.min(least, performance.now() - from)
  }
  return least
}

/** A text that takes more than its share of time when it is longer; undefined: none was found. */
function slowText(pattern: Pattern): string | undefined {
  const made = new RegExp(pattern.source, pattern.flags)
  for (const text of textsFor(pattern, 3000)) {
    if (timeOf(made, text, 1) < 1.5 || timeOf(made, text, 3) < 1.5) continue
    const long = text.slice(0, 1200) + text.slice(1200, 2400).repeat(10) + text.slice(1200)
    const ratio = timeOf(made, long, 3) / timeOf(made, text, 5)
    if (ratio > (2.2 * long.length) / text.length)
      return `${JSON.stringify(text.slice(0, 40))}…, ${ratio.toFixed(0)} times`
  }
  return undefined
}

/** They are given our own texts alone, or short ones. */
const APART =
  /^src\/(?:map\/|questions\/words\/|formats\/catalogue|host\/cpu\/program|formats\/platforms\/print(?:-masks|ed-registers)|formats\/dumps\/aida64)/

test('a pattern takes time in proportion to its text', () => {
  const all = [
    ...new Map(
      patternsIn('src')
        .filter(({ place }) => !APART.test(place))
        .map(one => [`${one.source}/${one.flags}`, one]),
    ).values(),
  ]
  expect(all.length).toBeGreaterThan(500)
  const slow = part(all, 4).flatMap(one => {
    const text = slowText(one)
    return text === undefined ? [] : `${one.place}: /${one.source}/${one.flags} of ${text}`
  })
  expect(slow).toEqual([])
})

test('a slow one is noticed', () => {
  expect(slowText({ place: '', source: ' +$', flags: '' })).toBeDefined()
  expect(slowText({ place: '', source: '\\n.*[^\\s>}\\]].*$', flags: '' })).toBeDefined()
})
