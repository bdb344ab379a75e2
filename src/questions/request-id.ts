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
