import {
  type Line,
  type Look,
  type Paint,
  printStyledLines,
  type Report,
  type Tone,
} from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import { isTerminal, type Session, STDERR, STDOUT, terminalWidth } from './globals.ts'

/** `--json` and `--markdown`, which every command of our own takes. */
export const FORMS = [
  { name: 'json', help: 'the answer as JSON (docs/schema/questions.json)' },
  { name: 'markdown', help: 'the answer as Markdown' },
  {
    name: 'color',
    value: 'when',
    words: ['auto', 'always', 'never'],
    help: 'colours; auto is the default: on a terminal, where neither NO_COLOR nor TERM=dumb forbids them',
  },
  { name: 'no-pager', help: 'on a terminal, no pager ($PAGER, or less) for what is longer than it' },
] as const

/** What is left out of the first screen, of commands about fleets. */
export const DETAILS = {
  name: 'details',
  help: 'everything, not only the finding, what to do and what fits a screen',
} as const

/** Lines of the first screen. */
const HEIGHT = 25

/** What `-o` names, of a command that takes it. */
export const formOf = (args: Arguments): string | undefined => args.get('o')

/** How a report is printed as text. */
export interface Printing {
  /** Only a screen of a longer report; absent: all of it. */
  readonly isScreen?: boolean | undefined
  /** Lines may be longer than the terminal is wide: a program is to read them, or `less -S`. */
  readonly isWide?: boolean | undefined
  /** Shortens names; absent: they stay as they are. */
  readonly shorten?: Look['shorten']
}

/** Prints the report in the form that was asked for, or the answer as JSON. */
export async function printReport(
  args: Arguments,
  session: Session,
  document: () => object,
  report: () => Report,
  printing: Printing = {},
): Promise<void> {
  const form = formOf(args)
  if (form === 'yaml')
    await print(args, session, (await import('js-yaml')).dump(document(), { lineWidth: -1 }))
  else if (args.has('json') || form === 'json') await printJson(args, session, document())
  else if (args.has('markdown')) await print(args, session, report().markdown())
  else await print(args, session, report().text(await look(args, printing)))
}

/** Prints JSON, piece by piece where it may be long: a large fleet's is longer than a string can be. */
async function printJson(args: Arguments, session: Session, document: object): Promise<void> {
  if (pagerOf(args) !== undefined) {
    await print(args, session, `${jsonText(document)}\n`)
    return
  }
  let text = ''
  for (const piece of jsonPieces(document)) {
    text += piece
    if (text.length < PIECE) continue
    session.out(text)
    text = ''
  }
  session.out(`${text}\n`)
}

const PIECE = 1 << 18

/**
 * JSON of a value, two spaces a level, in pieces: what is `depth` levels down is one.
 * @param line a line break and the indentation of the value
 */
function* jsonPieces(value: unknown, line = '\n', depth = 3): Generator<string> {
  if (depth === 0 || typeof value !== 'object' || value === null || 'toJSON' in value || isNumbers(value)) {
    yield jsonText(value, line)
    return
  }
  const isList = Array.isArray(value)
  const inner = `${line}  `
  let before = isList ? '[' : '{'
  for (const [key, one] of membersOf(value)) {
    yield before + inner + (isList ? '' : `${JSON.stringify(key)}: `)
    yield* jsonPieces(one, inner, depth - 1)
    before = ','
  }
  yield `${before === ',' ? line : before}${isList ? ']' : '}'}`
}

/** The same in one piece. */
function jsonText(value: unknown, line = '\n'): string {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return JSON.stringify(value)
  if (isNumbers(value)) return `[${value.join(', ')}]`
  const isList = Array.isArray(value)
  const inner = `${line}  `
  const parts = membersOf(value).map(
    ([key, one]) => (isList ? '' : `${JSON.stringify(key)}: `) + jsonText(one, inner),
  )
  if (parts.length === 0) return isList ? '[]' : '{}'
  const all = inner + parts.join(`,${inner}`) + line
  return isList ? `[${all}]` : `{${all}}`
}

/** What JSON has of a list or an object. */
const membersOf = (value: object): (readonly [key: string, value: unknown])[] =>
  Object.entries(value)
    .filter(([, one]) => one !== undefined || Array.isArray(value))
    .map(([key, one]) => [key, one ?? null])

/** Numbers alone, which stand in one line: answers have long lists of places. */
const isNumbers = (value: object): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every(Number.isFinite)

/** What shows a text that is longer than the terminal; undefined: nothing does. */
function pagerOf(args: Arguments): string | undefined {
  const { PAGER: pager = 'less', TERM: terminal } = process.env
  const isPaged = isTerminal(STDOUT) && !args.has('no-pager') && !/^(?:|cat)$/.test(pager)
  return isPaged && terminal !== 'dumb' ? pager : undefined
}

/** Prints on stdout; through a pager where that is a terminal and the text is longer than it. */
async function print(args: Arguments, session: Session, text: string): Promise<void> {
  const pager = pagerOf(args)
  if (pager === undefined || text.split('\n').length <= (process.stdout.rows || Infinity)) {
    session.out(text)
    return
  }
  const { spawnSync } = await import('node:child_process')
  // The pager decides what an interrupt means.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  const { status } = spawnSync(pager, {
    shell: true,
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', ...process.env },
  })
  process.off('SIGINT', ignore)
  if (status === NOT_FOUND || status === NOT_RUN) session.out(text)
}

/** What a shell returns for a program that is not there, and for one that it may not run. */
const NOT_FOUND = 127
const NOT_RUN = 126

/**
 * Shortens names of hosts where they stand as words of a text: by the ending that all of them share, and by their
 * folders, or the one that all of them share where two would be called alike. Undefined: they are short.
 */
export function shortenerOf(names: readonly string[]): Printing['shorten'] {
  const [first = ''] = names
  let ending = /(?<=[^/])\.[^/]*$/.exec(first)?.[0] ?? ''
  while (!names.every(name => name.endsWith(ending))) ending = ending.replace(/^\.[^.]*/, '')
  const stems = names.map(name => name.slice(0, name.length - ending.length))
  const bases = stems.map(stem => stem.slice(stem.lastIndexOf('/') + 1))
  let folder = first.slice(0, first.lastIndexOf('/') + 1)
  while (!names.every(name => name.startsWith(folder))) folder = folder.replace(/(?<![^/])[^/]*\/$/, '')
  const isUnique = new Set(bases).size === names.length && !bases.includes('')
  const shorts = new Map<string, string>()
  for (const [i, stem] of stems.entries()) {
    const name = isUnique ? bases[i] : stem.slice(folder.length)
    if (name) shorts.set(names[i] ?? '', name)
  }
  if (ending === '' && folder === '' && !isUnique) return undefined
  return text => text.replace(/[^\s,;:()]+/g, word => shorts.get(word) ?? word)
}

/** Prints an explanation, which stands beside the answer, in colour where its own stream is a terminal. */
export const printExplanation = async (session: Session, lines: readonly Line[]): Promise<void> =>
  session.err(printStyledLines(lines, await paintOn(STDERR)))

/** As wide as the terminal, where lines may not be longer; in colour where stdout is one. */
const look = async (args: Arguments, { isScreen, isWide, shorten }: Printing): Promise<Look> => ({
  width: isWide ? Number.POSITIVE_INFINITY : terminalWidth(),
  paint: await paintOn(STDOUT, args.get('color')),
  shorten,
  screen: isScreen ? { height: HEIGHT, more: lines => `--details prints all ${lines} lines` } : undefined,
})

/** Colours where the stream is a terminal and neither `NO_COLOR` nor a dumb one forbids them, or as they are asked for. */
async function paintOn(fd: number, when = 'auto'): Promise<Paint> {
  const isPlain = !isTerminal(fd) || process.env.NO_COLOR || process.env.TERM === 'dumb'
  if (when === 'never' || (when === 'auto' && isPlain)) return text => text
  const { createColors } = (await import('picocolors')).default
  const colors = createColors(true)
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    good: colors.green,
    bad: colors.red,
    warning: colors.yellow,
    strong: colors.bold,
    quiet: colors.dim,
  }
  return (text, tone) => (text === '' ? '' : tones[tone](text))
}
