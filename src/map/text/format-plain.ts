/**
 * The form of files whose columns are their author's: no blanks at line ends, no two empty lines together,
 * one line feed at the end.
 */
export function formatPlain(text: string): string {
  const lines = text.split('\n').map(line => line.trimEnd())
  const kept = lines.filter((line, i) => line !== '' || lines[i - 1] !== '')
  return `${kept.join('\n').trim()}\n`
}
