import { ParseError } from '../../core/parse-error.ts'

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object's own member; undefined where there is none, and of anything else. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** What a path of names leads to in JSON; undefined where it leads nowhere. */
export const at = (value: unknown, ...path: readonly string[]): unknown => path.reduce(member, value)

/** The text at the end of a path; undefined for everything else and for an empty one. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** The number at the end of a path, also one written as text. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path)
  if (typeof found !== 'number' && (typeof found !== 'string' || found.trim() === '')) return undefined
  const number = Number(found)
  return Number.isFinite(number) ? number : undefined
}

/** The list at the end of a path; empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The texts of the list at the end of a path. */
export const textsAt = (value: unknown, ...path: readonly string[]): string[] =>
  listAt(value, ...path).filter(one => typeof one === 'string')

/** An object somewhere in a JSON value, and where it stands. */
export interface ObjectAround {
  readonly object: JsonObject
  /** The objects around it, the nearest first. */
  readonly around: readonly JsonObject[]
  /** The member that it is, or is an entry of; empty at the top. */
  readonly key: string
}

/** Every object of a JSON value: an object before those in it. */
export function* objectsIn(
  value: unknown,
  around: readonly JsonObject[] = [],
  key = '',
): Generator<ObjectAround> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item, around, key)
  if (!isObject(value)) return
  yield { object: value, around, key }
  for (const [name, member] of Object.entries(value)) yield* objectsIn(member, [value, ...around], name)
}

/** A member whatever the case of its name: some tools write `Name`, some `name`. */
export function anyCase(object: JsonObject | undefined, name: string): unknown {
  const key = Object.keys(object ?? {}).find(key => key.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : object?.[key]
}

/** The nearest text of that name, in an object or around it. */
export function nearestText(
  { object, around }: Pick<ObjectAround, 'object' | 'around'>,
  name: string,
): string | undefined {
  const found = [object, ...around].map(one => anyCase(one, name)).find(value => typeof value === 'string')
  return typeof found === 'string' ? found : undefined
}

/** A JSON value of a text that holds several, and where it begins. */
export interface JsonDocument {
  readonly value: unknown
  /** 1-based. */
  readonly line: number
}

/**
 * The objects and arrays of a text that has them one after the other, whatever white space is between them.
 * @throws ParseError for what is not JSON, and where the text ends within a value
 */
export function parseDocuments(text: string, source = ''): JsonDocument[] {
  const documents: JsonDocument[] = []
  let line = 1
  let counted = 0
  for (let at = next(text, 0); at < text.length; ) {
    const end = endOf(text, at)
    line += newlines(text, counted, at)
    counted = at
    documents.push({ value: parse(text, at, end, source), line })
    at = next(text, end)
  }
  return documents
}

/** A byte order mark counts as blank. */
const GAP = /[\s\ufeff]*/y

function next(text: string, at: number): number {
  GAP.lastIndex = at
  return at + (GAP.exec(text)?.[0].length ?? 0)
}

const BRACKET = /"(?:[^"\\]|\\.)*"|[[\]{}]/gs

/** Where the bracket at `at` is closed; what begins with anything else ends where its line does. */
function endOf(text: string, at: number): number {
  if (text[at] !== '{' && text[at] !== '[') return lineEnd(text, at)
  let depth = 0
  BRACKET.lastIndex = at
  for (let found = BRACKET.exec(text); found; found = BRACKET.exec(text)) {
    const [what] = found
    if (what === '{' || what === '[') depth++
    else if ((what === '}' || what === ']') && --depth === 0) return BRACKET.lastIndex
  }
  return text.length
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function newlines(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++
  return count
}

function parse(text: string, from: number, to: number, source: string): unknown {
  const part = text.slice(from, to)
  try {
    return JSON.parse(part)
  } catch {
    const { what, offset } = jsonFault(part)
    throw ParseError.at(what, text, from + offset, source)
  }
}

/** Where a text stops being JSON, and why. */
interface JsonFault {
  /** In UTF-16 units. */
  readonly offset: number
  readonly what: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a string may not have
const STRING = /"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y
const BLANK = /[ \t\r\n]*/y

type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or ]' | 'comma or }' | 'end'

/** The first fault of a text that `JSON.parse` refuses: engines word it differently, and some leave out where. */
export function jsonFault(text: string): JsonFault {
  const open: ('[' | '{')[] = []
  let expected: Expected = 'value'
  let at = 0
  const take = (pattern: RegExp): number => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0].length ?? 0
  }
  for (;;) {
    at += take(BLANK)
    const taken = step(text.charAt(at), expected, open, take)
    if (taken === undefined) return { offset: at, what: fault(text, at, expected) }
    at += taken.length
    expected = taken.next
  }
}

interface Step {
  readonly length: number
  readonly next: Expected
}

/** What is taken next; undefined where it is not what is expected. */
function step(
  c: string,
  expected: Expected,
  open: ('[' | '{')[],
  take: (p: RegExp) => number,
): Step | undefined {
  const after = (length: number): Step => ({ length, next: afterValue(open) })
  if ((c === ']' && expected.endsWith(']')) || (c === '}' && expected.endsWith('}'))) {
    open.pop()
    return after(1)
  }
  if (expected.startsWith('value')) {
    if (c === '[' || c === '{') {
      open.push(c)
      return { length: 1, next: c === '[' ? 'value or ]' : 'name or }' }
    }
    const length = take(c === '"' ? STRING : SCALAR)
    return length > 0 ? after(length) : undefined
  }
  if (expected.startsWith('name')) {
    const length = take(STRING)
    return length > 0 ? { length, next: 'colon' } : undefined
  }
  if (expected === 'colon') return c === ':' ? { length: 1, next: 'value' } : undefined
  if (expected === 'end' || c !== ',') return undefined
  return { length: 1, next: open.at(-1) === '[' ? 'value' : 'name' }
}

function afterValue(open: readonly ('[' | '{')[]): Expected {
  const inner = open.at(-1)
  return inner === undefined ? 'end' : inner === '[' ? 'comma or ]' : 'comma or }'
}

const WANTED: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value or ]': 'a value or `]`',
  name: 'a name in double quotes',
  'name or }': 'a name in double quotes, or `}`',
  colon: '`:`',
  'comma or ]': '`,` or `]`',
  'comma or }': '`,` or `}`',
  end: 'nothing more',
}

function fault(text: string, at: number, expected: Expected): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (at >= text.length) return `the text ends where ${WANTED[expected]} should be`
  if (character === '"' && expected !== 'colon')
    return 'a string that is not closed, or has a character that must be escaped'
  return `not JSON: expected ${WANTED[expected]}, found \`${character}\``
}
