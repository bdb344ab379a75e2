import { ParseError } from '../../core/parse-error.ts'
import { jsonFault } from './json-fault.ts'

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
const BLANK = /[\s\ufeff]*/y

function next(text: string, at: number): number {
  BLANK.lastIndex = at
  return at + (BLANK.exec(text)?.[0].length ?? 0)
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
