/** The function that calls `make` when it is first called, and returns the same value ever after. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The same of each of its arguments; a value is forgotten with what it was made of. */
export function oncePer<K extends object, T extends object>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, T>()
  return of => {
    const known = made.get(of)
    if (known) return known
    const value = make(of)
    made.set(of, value)
    return value
  }
}

/**
 * The one string of that text: names that come from data and from documents are then the same string, and
 * compare and hash at once. It is no slice, so it keeps no file in memory. Beyond a few thousand texts no more
 * are remembered, and each text is a string of its own.
 */
export function intern(text: string): string {
  return strings.get(text) ?? remember(` ${text}`.slice(1))
}

/** The same of a text that is no slice of another one, such as a string of parsed JSON. */
export const internWhole = (text: string): string => strings.get(text) ?? remember(text)

function remember(own: string): string {
  if (strings.size < MOST) strings.set(own, own)
  return own
}

const strings = new Map<string, string>()
const MOST = 4096
