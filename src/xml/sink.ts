import { ParseError } from '../core/parse-error.ts'
import type { Element } from './element.ts'

/** What the two readers have in common: what they may not pass, and where they put what they find. */
export interface Sink {
  /** What errors call the input. */
  readonly source: string
  /** How many elements may be open at once. */
  readonly maxDepth: number
  /** How long a top-level element may be with the text after it, in UTF-16 units. */
  readonly maxSize: number
  /** Takes a complete top-level element, and the line it begins on. */
  readonly element: (element: Element, line: number) => void
  /** Takes text outside every element, and the line of the tag before it. */
  readonly text: (text: string, line: number) => void
}

/** The error for a top-level element, begun on `line`, that is larger than the sink takes. */
export const refuseLongElement = ({ source, maxSize }: Sink, line: number): ParseError =>
  new ParseError(`too long: more than ${maxSize} characters in one document`, source, line)

/** Adds to an element's content; text beside text, as around a comment, is one text. */
export function addText(content: (Element | string)[], text: string): void {
  const last = content.at(-1)
  if (typeof last === 'string') content[content.length - 1] = last + text
  else if (text !== '') content.push(text)
}
