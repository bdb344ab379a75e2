import { UsageError } from './spec.ts'

/**
 * The commands of one string, as `virsh "cpu-models x86_64; cpu-baseline hosts.xml"` takes them: separated by
 * semicolons or newlines, words by blanks; single quotes, double quotes and backslashes keep characters
 * together; `#` at the start of a word begins a comment.
 * @throws UsageError for a quote that is never closed
 */
export function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  const token =
    /[ \t]+|(#[^\n]*)|([;\n])|((?:[^\s;'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)|(['"\\])/gy
  for (const [, , end, word, open] of text.matchAll(token)) {
    if (open !== undefined) throw new UsageError(open === '\\' ? 'dangling \\' : `missing ${open}`)
    if (end !== undefined) commands.push([])
    else if (word !== undefined) commands.at(-1)?.push(unquote(word))
  }
  return commands.filter(words => words.length > 0)
}

const unquote = (word: string): string =>
  word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
    (_, single, double, escaped) =>
      single ?? (double as string | undefined)?.replace(/\\([\s\S])/g, '$1') ?? escaped,
  )
