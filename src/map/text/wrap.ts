/** How long a line of data may be. */
export const WIDTH = 100

/** Fills lines with `words`, one blank between; the first line begins with `first`, the others with `rest`. */
export function wrap(words: readonly string[], first: string, rest: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of words) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return empty && lines.length > 0 ? lines : [...lines, line]
}

/** `text` with its comment at column `at`, or two blanks behind a longer text; without a note just the text. */
export function withNote(text: string, note: string, at = 0): string {
  return note ? `${text.padEnd(at - 2)}  # ${note}` : text
}
