/** A line before and from its first `-` or `+` that stands alone. */
export function splitDelta(text: string): { head: string; delta: string } {
  const minus = text.indexOf(' - ')
  const plus = text.indexOf(' + ')
  const end = minus < 0 || (plus >= 0 && plus < minus) ? plus : minus
  return end < 0
    ? { head: text, delta: '' }
    : { head: text.slice(0, end).trimEnd(), delta: text.slice(end + 1) }
}
