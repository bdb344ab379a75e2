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
