import { xmlError } from '../core/libvirt-error.ts'

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
