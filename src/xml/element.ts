import { xmlError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'

/**
 * An XML element. A name is the plain local name where the element is in no namespace, `{uri}local` where it
 * is in one, and `prefix:local` where its prefix is declared nowhere; so looking for `cpu` finds what libvirt
 * finds. Elements may be shared and frozen: compare them by what they hold, never by identity.
 */
export interface Element {
  readonly name: string
  /** Without prototype, so `attributes[name]` is `undefined` for every name that was not given. */
  readonly attributes: Readonly<Record<string, string>>
  /** Child elements and text in document order; comments and processing instructions are left out. */
  readonly content: readonly (Element | string)[]
}

/** The child elements of that name, or all of them, in document order. */
export function children(element: Element, name?: string): Element[] {
  const found: Element[] = []
  for (const part of element.content) {
    if (typeof part !== 'string' && (name === undefined || part.name === name)) found.push(part)
  }
  return found
}

/** The first child element of that name. */
export function child(element: Element, name: string): Element | undefined {
  for (const part of element.content) if (typeof part !== 'string' && part.name === name) return part
  return undefined
}

/** All text of the element and its descendants in document order: XPath's `string()`. */
export function textOf(element: Element): string {
  const [only] = element.content
  if (typeof only === 'string' && element.content.length === 1) return only
  let text = ''
  for (const part of element.content) text += typeof part === 'string' ? part : textOf(part)
  return text
}

/**
 * An empty set of attributes. Its prototype has none itself, so that no name is there before it is given;
 * unlike an object without prototype, it is one that engines read fast.
 */
export function noAttributes(): Record<string, string> {
  return new Attributes()
}

class Attributes {
  [name: string]: string
}
Object.setPrototypeOf(Attributes.prototype, null)
delete (Attributes.prototype as { constructor?: unknown }).constructor

/** An attribute that the element must have. @throws LibvirtError */
export function requiredAttribute({ name, attributes }: Element, attribute: string): string {
  const value = attributes[attribute]
  if (value === undefined) throw xmlError(`Missing required attribute '${attribute}' in element '${name}'`)
  return value
}

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
