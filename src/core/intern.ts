/**
 * The one string of that text: names that come from data and from documents are then the same string, and
 * compare and hash at once. It is no slice, so it keeps no file in memory. Beyond a few thousand texts no more
 * are remembered, and each answers a string of its own.
 */
export function intern(text: string): string {
  const known = strings.get(text)
  if (known !== undefined) return known
  const own = ` ${text}`.slice(1)
  if (strings.size < MOST) strings.set(own, own)
  return own
}

const strings = new Map<string, string>()
const MOST = 4096
