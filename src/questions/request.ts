import { jsonFault } from '../formats/json/json.ts'
import { BadRequest } from './ask.ts'

/** JSON that is known to be good, in pieces: strings, signs, and what else there is. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g

/**
 * A request's `id` as JSON text, exactly as it came: a number may have more digits than JavaScript keeps.
 * @param text the request that `id` was read from
 */
export const idText = (id: unknown, text: string): string =>
  isKept(id) ? JSON.stringify(id) : (memberText(text, 'id') ?? JSON.stringify(id))

const isKept = (id: unknown): boolean =>
  typeof id === 'number' ? Number.isSafeInteger(id) : typeof id !== 'object' || id === null

/** An answer as JSON text, after its `id`. */
export const withId = (id: string, answer: Readonly<Record<string, unknown>>): string =>
  `{"id":${id},${JSON.stringify(answer).slice(1)}`

/** The text of an object's member; of two of one name the last counts, as in `JSON.parse`. */
function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let depth = 0
  let start = 0
  let before = ''
  let isIt = false
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1 && token === ':') {
      isIt = JSON.parse(before) === name
      start = index + 1
    } else if (depth === 1 && (token === ',' || token === '}')) {
      if (isIt) found = text.slice(start, index).trim()
      isIt = false
    }
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    before = token
  }
  return found
}

type Request = Readonly<Record<string, unknown>>

/** As deep as a request may nest: an answer that repeats its `id` must be printable. */
const DEEPEST = 64

/**
 * A request of the JSON contract, read from text.
 * @param line the number of the text's first line, for messages
 * @throws BadRequest that says where
 */
export function parseRequest(text: string, line = 1): Request {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch (cause) {
    const { offset, what } = jsonFault(text)
    const before = text.slice(0, offset).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    throw new BadRequest(`line ${line + before.length - 1}, column ${column}: ${what}`, { cause })
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new BadRequest(`line ${line}, column 1: a request is a JSON object`)
  }
  if (isDeeper(request, DEEPEST)) {
    throw new BadRequest(`line ${line}, column 1: nested more than ${DEEPEST} deep`)
  }
  return request as Request
}

function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true
  const all: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const one of all) {
    if (typeof one === 'object' && one !== null && isDeeper(one, levels - 1)) return true
  }
  return false
}
