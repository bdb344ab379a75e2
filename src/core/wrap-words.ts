/** Lines of at most `width` columns; the first begins with `first`, the others where its words begin. */
export function fill(words: readonly string[], first: string, width: number): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of words.filter(Boolean)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(first.length)
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return empty ? lines : [...lines, line]
}
