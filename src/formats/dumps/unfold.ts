import { inText } from '../envelope.ts'
import type { Found } from '../found.ts'

/** A line with the list of a CPU's words, in `/proc/cpuinfo` or lscpu. */
const LIST = /^[ \t]*(?:flags|features|isa|facilities)[ \t]*:[ \t]*/i

/** A serial console may end lines with two carriage returns. */
const LINE_END = /\r*\n|\r/

/** The blank at the end of a folded line may have been lost. */
const TOKENS = /\S+/g

/**
 * A text with the lists that a terminal folded in one line again. Where a line ends within a word, and where the blank
 * between two was lost, the words decide, and if they cannot, the width of the lines.
 * @param known whether a list may have this word
 */
export function unfold(text: string, known: (word: string) => boolean): string {
  const lines = text.split(LINE_END)
  const whole: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const head = LIST.exec(line)
    let end = i + 1
    while (head && isContinuation(lines[end])) end++
    whole.push(head && end > i + 1 ? joined(lines.slice(i, end), head[0].length, known) : line)
    // Lines keep their numbers.
    for (; i + 1 < end; i++) whole.push('')
  }
  return whole.join('\n')
}

const isContinuation = (line: string | undefined): boolean =>
  line !== undefined && /\S/.test(line) && !line.includes(':')

/** @param column where the list begins in the first line: lscpu begins the others there too */
function joined(lines: readonly string[], column: number, known: (word: string) => boolean): string {
  const widths = lines.map(widthOf)
  const full = Math.max(...widths.slice(0, -1))
  // The text may have been indented after it was folded.
  const [indent = ''] = /^[ \t]*/.exec(lines[0] ?? '') ?? []
  return lines.reduce((all, whole, i) => {
    const line = whole.startsWith(indent) ? whole.slice(indent.length) : whole
    const part = whole.slice(0, column).trim() === '' ? whole.slice(column) : line
    if (/\s$/.test(all) || /^\s/.test(part)) return all + part
    const [a = '', b = ''] = [all.slice(column).match(TOKENS)?.at(-1), part.match(TOKENS)?.[0]]
    const [one, two] = [known(a + b), known(a) && known(b)]
    const together = one === two ? widths[i - 1] === full : one
    return all + (together ? '' : ' ') + part
  })
}

/** In columns of a terminal. */
const widthOf = (line: string): number =>
  [...line].reduce((width, c) => (c === '\t' ? width - (width % 8) + 8 : width + 1), 0)

/**
 * Whether a text may end within a list: without the end of its line, so that words may have been cut off and a part
 * of the last one; or after a line behind which the list may have gone on.
 * @param unfolded the text as `unfold` returns it; absent: the list is the whole text
 */
export function endsInList(text: string, unfolded?: string): boolean {
  const isLast = unfolded === undefined || endsWithList(unfolded)
  return isLast && (!/\n[ \t\r]*$/.test(text) || (unfolded !== undefined && mayGoOn(text)))
}

/** Whether the last line that says something is a list. */
export const endsWithList = (unfolded: string): boolean =>
  LIST.test(unfolded.trimEnd().split('\n').at(-1) ?? '')

/** Whether the last of a list's lines, which ends the text, is as full as those above it, or the only one and too short. */
function mayGoOn(text: string): boolean {
  const lines = text.trimEnd().split(LINE_END)
  const own = lines.slice(lines.findLastIndex(line => LIST.test(line)))
  const [last = '', ...above] = own.reverse()
  const widths = above.map(widthOf)
  const full = Math.max(...widths)
  if (above.length === 0) return last.length <= WIDEST && !/\blahf_lm\b/.test(last)
  // Where words were kept whole, the next one may have had no room.
  const isEven = above.length > 1 && widths.every(width => width === full)
  // A blank at its end may have been lost.
  return widthOf(last) > (isEven ? full - 2 : full - LONGEST)
}

/** Columns of a wide terminal: of a list that is cut so early Linux has not said what every 64-bit CPU since 2006 has. */
const WIDEST = 250

/** Letters of Linux's longest words. */
const LONGEST = 24

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
