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
