import { inText } from '../envelope.ts'
import type { Found } from '../found.ts'

/**
 * What each machine's part of a text holds: a machine begins where one of the marks comes that its part has already.
 * @param marks lines that a machine's part has once; marks with equal groups are equal
 * @throws what `read` throws, at its place in the text
 */
export function readMachines(text: string, marks: RegExp, read: (part: string) => Found[]): Found[] {
  const starts = [0]
  const seen = new Set<string>()
  for (const match of text.matchAll(marks)) {
    const [line, group = line] = match
    if (seen.has(group)) {
      starts.push(match.index)
      seen.clear()
    }
    seen.add(group)
  }
  return starts.flatMap((start, i) => {
    try {
      return read(text.slice(start, starts[i + 1]))
    } catch (error) {
      throw inText(error, { before: text.slice(0, start).split('\n').length - 1 })
    }
  })
}
