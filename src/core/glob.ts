/**
 * Whether a name fits a pattern: `*` and `?` stand for characters other than `/`, `**` for any, and `**` with
 * a `/` behind it also for no folder at all.
 */
export const globs = (pattern: string, name: string): boolean => compiled(pattern).test(name)

/** Whether a pattern is one: it holds what stands for more than itself. */
export const isGlob = (text: string): boolean => /[*?]/.test(text)

const known = new Map<string, RegExp>()
const MOST = 1000

function compiled(pattern: string): RegExp {
  const expression = known.get(pattern) ?? new RegExp(`^${expressionOf(pattern)}$`, 's')
  if (known.size >= MOST) known.clear()
  known.set(pattern, expression)
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
