import type { Element } from './element.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text or an attribute's value as libvirt writes it: five entities; control characters but tab, newline, return are dropped. */
export const escapeXml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is dropped
  text.replace(/[<>&"'\0-\x08\v\f\x0e-\x1f]/g, character => ENTITIES[character] ?? '')

/**
 * The element on lines of its own, two spaces a level, single quotes, `<name/>` where it is empty. White space
 * around child elements is left out; an element that holds other text is printed on one line as it is.
 * @param indent how many spaces stand before the outermost element
 */
export function printElement(element: Element, indent = 0): string {
  return `${lines(element, ' '.repeat(indent), '').join('\n')}\n`
}

/** @param outer the default namespace around the element */
function lines(element: Element, margin: string, outer: string): string[] {
  const { tag, uri } = splitName(element.name)
  const opening = `${margin}<${tag}${declaration(uri, outer)}${attributes(element)}`
  if (element.content.length === 0) return [`${opening}/>`]
  const inner = element.content.filter(part => typeof part !== 'string')
  const isMixed = element.content.some(part => typeof part === 'string' && /[^ \t\r\n]/.test(part))
  if (isMixed || inner.length === 0) return [`${opening}>${inline(element, uri)}</${tag}>`]
  return [`${opening}>`, ...inner.flatMap(part => lines(part, `${margin}  `, uri)), `${margin}</${tag}>`]
}

function inline(element: Element, outer: string): string {
  const parts = element.content.map(part => {
    if (typeof part === 'string') return escapeXml(part)
    const { tag, uri } = splitName(part.name)
    const opening = `<${tag}${declaration(uri, outer)}${attributes(part)}`
    return part.content.length === 0 ? `${opening}/>` : `${opening}>${inline(part, uri)}</${tag}>`
  })
  return parts.join('')
}

const declaration = (uri: string, outer: string): string =>
  uri === outer ? '' : ` xmlns='${escapeXml(uri)}'`

function attributes(element: Element): string {
  let printed = ''
  for (const [name, value] of Object.entries(element.attributes)) {
    const { tag, uri } = splitName(name)
    // The default namespace is not for attributes: each gets a prefix of its own.
    if (uri === XML) printed += ` xml:${tag}='${escapeXml(value)}'`
    else if (uri) printed += ` xmlns:${tag}='${escapeXml(uri)}' ${tag}:${tag}='${escapeXml(value)}'`
    else printed += ` ${tag}='${escapeXml(value)}'`
  }
  return printed
}

const XML = 'http://www.w3.org/XML/1998/namespace'

/** Takes `{uri}local` apart; any other name is in no namespace. */
function splitName(name: string): { readonly tag: string; readonly uri: string } {
  const [, uri = '', tag = name] = /^\{(.*)\}([^}]*)$/s.exec(name) ?? []
  return { tag, uri }
}
