/** Lines of at most `width` columns; the first begins with `first`, the others where its words begin. */
export function fill(words: readonly string[], first: string, width: number): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of words.filter(Boolean)) {
    if (!empty && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = ' '.repeat(first.length)
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return empty ? lines : [...lines, line]
}

/** At most `most` of `names` that are spelled much like `text`, the likest first; case, `-`, `_` and `.` do not count. */
export function nearest(names: readonly string[], text: string, most = 3): string[] {
  const wanted = bare(text)
  const far = Math.max(1, Math.floor(wanted.length / 3))
  const scored = names.map(name => ({ name, distance: distance(bare(name), wanted, far) }))
  const near = scored.filter(({ distance }) => distance <= far).sort((a, b) => a.distance - b.distance)
  return near.slice(0, most).map(({ name }) => name)
}

/** `; did you mean x?`, whatever the case; empty where no name is spelled much like `text`. */
export const didYouMean = (names: readonly string[], text: string): string =>
  nearest(names, text, 1)
    .map(one => `; did you mean ${one}?`)
    .join('')

const bare = (name: string): string => name.toLowerCase().replace(/[-_.]/g, '')

/** Letters to insert, drop or change to make one of the other; a figure above `far` is not exact. */
function distance(a: string, b: string, far: number): number {
  if (Math.abs(a.length - b.length) > far) return far + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/**
 * The order of two names by the bytes of their UTF-8: the one order of everything in a fleet, so that no
 * answer depends on locale or input order. It is the order of UTF-16 units but for surrogates, whose
 * characters come after all others.
 */
export function bytewise(a: string, b: string): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates (D800 to DFFF) above E000 to FFFF. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** The items by their key, keys and items in the order in which they come. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** `1 feature`, `2 features` */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** `a, b, c and 37 more`: at most `most` names in full. */
export function fewNames(names: readonly string[], most = 3): string {
  if (names.length <= most + 1) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/gu

/** How many columns of a terminal a text takes: two for each wide character, none for what joins the one before. */
export const widthOf = (text: string): number =>
  /^[ -~]*$/.test(text)
    ? text.length
    : [...text.replace(/\p{M}/gu, '')].length + (text.match(WIDE)?.length ?? 0)

/**
 * Whether a name fits a pattern: `*` and `?` stand for characters other than `/`, `**` for any, and `**` with
 * a `/` behind it also for no folder at all.
 */
export const globs = (pattern: string, name: string): boolean => compiled(pattern).test(name)

/** Whether a pattern is one: it holds what stands for more than itself. */
export const isGlob = (text: string): boolean => /[*?]/.test(text)

const patterns = new Map<string, RegExp>()
const MOST_PATTERNS = 1000

function compiled(pattern: string): RegExp {
  const expression = patterns.get(pattern) ?? new RegExp(`^${expressionOf(pattern)}$`, 's')
  if (patterns.size >= MOST_PATTERNS) patterns.clear()
  patterns.set(pattern, expression)
  return expression
}

/** Runs of stars are one, and no two that may match the same stand together: matching takes linear time a star. */
const expressionOf = (pattern: string): string =>
  pattern.replace(/\*\*+\/|\*\*+|\*|\?|[^*?]+/g, part => {
    if (part.startsWith('**')) return part.endsWith('/') ? '(?:.*/)?' : '.*'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  })

/** The names that `pattern` stands for: itself, or with `*` at its end every name that begins so. */
export function namesOf(pattern: string, known: readonly string[]): string[] {
  if (!pattern.endsWith('*')) return known.includes(pattern) ? [pattern] : []
  const stem = pattern.slice(0, -1)
  return known.filter(name => name.startsWith(stem))
}

/**
 * Numbers of CPUs as Linux lists them, `0-3,8`, in order; empty for an empty list.
 * Undefined where the text is no such list.
 */
export function parseCpuList(text: string): number[] | undefined {
  const parts = text.trim() === '' ? [] : text.trim().split(',')
  const numbers: number[] = []
  for (const part of parts) {
    const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim()) ?? []
    if (first === undefined) return undefined
    for (let n = Number(first); n <= Number(last); n++) numbers.push(n)
  }
  return numbers
}

/** The numbers, which are in order, as Linux lists them. */
export function printCpuList(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const n of numbers) {
    const run = runs.at(-1)
    if (run && n === run[1] + 1) run[1] = n
    else runs.push([n, n])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
