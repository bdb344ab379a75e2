import { ParseError } from '../core/parse-error.ts'
import type { Element } from './element.ts'
import { XmlReader } from './xml-reader.ts'

export { XmlReader, type XmlReaderOptions } from './xml-reader.ts'

/**
 * The one element of an XML document. A byte order mark and an XML declaration in front are passed over.
 * @param source what errors call the text
 * @throws ParseError where it is not well-formed, has no element, several, or text beside it
 */
export function parseXml(text: string, source = ''): Element {
  let only: Element | undefined
  const reader = new XmlReader({
    source,
    onElement: (element, line) => {
      if (only) throw new ParseError('a second element after the document', source, line)
      only = element
    },
    onText: (_, line) => {
      throw new ParseError('text outside the document element', source, line)
    },
  })
  reader.write(text.startsWith('\ufeff') ? text.slice(1) : text)
  reader.end()
  if (only === undefined) throw new ParseError('no XML element', source)
  return only
}

/**
 * The top-level elements of a text that holds several documents in a row, as virsh reads a file: other text and
 * comments between them are passed over. None is an answer.
 * @throws ParseError where it is not well-formed
 */
export function parseAll(text: string, source = ''): Element[] {
  const found: Element[] = []
  const reader = new XmlReader({ source, onElement: element => found.push(element) })
  reader.write(text)
  reader.end()
  return found
}

/** `text` up to the first NUL: virsh takes a file for a C string. */
export function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
