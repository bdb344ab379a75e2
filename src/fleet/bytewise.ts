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
