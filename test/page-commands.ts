/** What pages of Markdown show to paste into a shell, and what they say that it prints. */

export interface PageCommand {
  /** The line of the page on which it begins. */
  readonly line: number
  /** The heading above it. */
  readonly heading: string
  /** As it is printed, without its prompt; several lines where it is continued. */
  readonly text: string
  /** The lines that the page shows under it. */
  readonly shown: readonly string[]
}

interface Fence {
  readonly line: number
  readonly heading: string
  readonly language: string
  readonly lines: readonly string[]
}

/**
 * Returns the commands of a page: of fences of `console`, which have prompts, and of `sh` and `bash`, which have none. A fence of no
 * language behind a command shows more of what that prints.
 */
export function commandsOf(page: string): PageCommand[] {
  const commands: PageCommand[] = []
  for (const fence of fencesOf(page)) {
    if (fence.language === 'console') commands.push(...withPrompts(fence, commands.pop()))
    else if (/^(?:sh|bash)$/.test(fence.language)) commands.push(...withoutPrompts(fence))
    else if (fence.language === '') commands.push(...withMore(fence, commands.pop()))
  }
  return commands
}

function fencesOf(page: string): Fence[] {
  const fences: Fence[] = []
  let heading = ''
  let open: { line: number; language: string; lines: string[] } | undefined
  for (const [i, line] of page.split('\n').entries()) {
    const [, language] = /^ *```(\w*)/.exec(line) ?? []
    if (language === undefined) open?.lines.push(line)
    else if (open) {
      fences.push({ heading, ...open })
      open = undefined
    } else open = { line: i + 1, language, lines: [] }
    if (!open) heading = /^#+ (.*)/.exec(line)?.[1] ?? heading
  }
  return fences
}

/** Commands behind `$`, or `#` where that is the first prompt; lines before the first are more of what the last command prints. */
function withPrompts(fence: Fence, last: PageCommand | undefined): PageCommand[] {
  const prompt = fence.lines[0]?.startsWith('# ') ? '# ' : '$ '
  const commands = last ? [last] : []
  for (let i = 0; i < fence.lines.length; i++) {
    const [line = ''] = fence.lines.slice(i)
    const at = { line: fence.line + 1 + i, heading: fence.heading }
    if (line.startsWith(prompt)) {
      const text = continued(fence.lines, i)
      i += text.split('\n').length - 1
      commands.push({ ...at, text: text.slice(prompt.length), shown: [] })
    } else commands.push(...withMore({ ...fence, lines: [line] }, commands.pop()))
  }
  return commands
}

function withoutPrompts({ lines, line, heading }: Fence): PageCommand[] {
  const commands: PageCommand[] = []
  for (let i = 0; i < lines.length; i++) {
    const text = continued(lines, i)
    const at = line + 1 + i
    i += text.split('\n').length - 1
    if (!/^\s*(?:#|$)/.test(text)) commands.push({ line: at, heading, text, shown: [] })
  }
  return commands
}

const withMore = ({ lines }: Fence, last: PageCommand | undefined): PageCommand[] =>
  last ? [{ ...last, shown: [...last.shown, ...lines] }] : []

/** A line, and those after it as long as a backslash continues it. */
function continued(lines: readonly string[], from: number): string {
  let end = from
  while (lines[end]?.endsWith('\\')) end++
  return lines.slice(from, end + 1).join('\n')
}

/** Returns the lines that a page shows and a program did not print; `…` stands for anything. */
export function notPrinted(shown: readonly string[], printed: string): string[] {
  const lines = printed.split('\n').map(line => line.trimEnd())
  return shown
    .map(line => line.trimEnd())
    .filter(line => line !== '' && line !== '…')
    .filter(line => {
      const parts = line.split('…').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      const pattern = new RegExp(`^${parts.join('.*')}$`)
      return !lines.some(one => pattern.test(one))
    })
}
