import type { XmlAttribute, XmlElement, XmlNode } from 'libxml2-wasm'
import { internalError } from '../../core/libvirt-error.ts'

/**
 * The nodes of a document that an XPath expression selects, as virsh prints them: each on lines of its own, or all of
 * them in one `<nodes>`. An expression that libxml2 cannot read selects nothing, and libxml2 says so on stderr.
 * @throws LibvirtError for an expression whose value is no set of nodes
 */
export async function selectXml(document: string, expression: string, isWrapped: boolean): Promise<string> {
  const libxml2 = await import('libxml2-wasm')
  const { XmlAttribute, XmlElement, XmlXPathError, XmlDocument, ParseOption } = libxml2
  const parsed = XmlDocument.fromString(document, { option: ParseOption.XML_PARSE_NOBLANKS })
  const kinds = { attribute: XmlAttribute, element: XmlElement }
  try {
    const value = evaluate()
    if (!Array.isArray(value)) throw internalError(`Incorrect xpath '${expression}'`)
    const nodes = value.map(node => nodeOf(node, kinds, parsed.root))
    return isWrapped ? wrapped(nodes) : nodes.map(print).join('')
  } finally {
    parsed.dispose()
  }

  function evaluate() {
    try {
      return parsed.eval(expression)
    } catch (error) {
      if (error instanceof XmlXPathError) return []
      throw error
    }
  }
}

type Selected =
  | { readonly kind: 'attribute'; readonly name: string; readonly value: string }
  | { readonly kind: 'element' | 'document'; readonly element: XmlElement }
  | { readonly kind: 'text'; readonly text: string }

function nodeOf(
  node: XmlNode,
  kinds: { readonly attribute: typeof XmlAttribute; readonly element: typeof XmlElement },
  root: XmlElement,
): Selected {
  if (node instanceof kinds.attribute) return { kind: 'attribute', name: node.name, value: node.value }
  if (node instanceof kinds.element) return { kind: 'element', element: node }
  // Of a document that libvirt printed all else but its own node is text.
  return node.parent === null ? { kind: 'document', element: root } : { kind: 'text', text: node.content }
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

function print(node: Selected): string {
  switch (node.kind) {
    case 'attribute':
      return ` ${node.name}="${escapeDouble(node.value)}"\n`
    case 'element':
      return `${node.element.toString({ format: true })}\n`
    case 'document':
      return `${DECLARATION}${node.element.toString({ format: true })}\n\n`
    case 'text':
      return `${escapeText(node.text)}\n`
  }
}

/** Of several attributes of a name the last stays, where it is. Beside text nothing is put on lines of its own. */
function wrapped(nodes: readonly Selected[]): string {
  const attributes = new Map<string, string>()
  for (const node of nodes) {
    if (node.kind !== 'attribute') continue
    attributes.delete(node.name)
    attributes.set(node.name, node.value)
  }
  const opening = `<nodes${[...attributes].map(([name, value]) => ` ${name}="${escapeDouble(value)}"`).join('')}`
  const inner = nodes.filter(node => node.kind !== 'attribute')
  if (inner.length === 0) return `${opening}/>\n`
  const hasText = inner.some(node => node.kind === 'text')
  return hasText
    ? `${opening}>${inner.map(inline).join('')}</nodes>\n`
    : `${opening}>\n${inner.map(indented).join('')}</nodes>\n`
}

const inline = (node: Selected): string => {
  if (node.kind === 'text') return escapeText(node.text)
  return node.kind === 'attribute' ? '' : node.element.toString({ format: false })
}

const indented = (node: Selected): string =>
  node.kind === 'document' ? print(node) : print(node).replace(/^(?=.)/gm, '  ')

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const escapeDouble = (text: string): string => escapeText(text).replaceAll('"', '&quot;')
