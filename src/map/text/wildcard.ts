/** The names that `pattern` stands for: itself, or with `*` at its end every name that begins so. */
export function namesOf(pattern: string, known: readonly string[]): string[] {
  if (!pattern.endsWith('*')) return known.includes(pattern) ? [pattern] : []
  const stem = pattern.slice(0, -1)
  return known.filter(name => name.startsWith(stem))
}
