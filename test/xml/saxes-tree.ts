import { SaxesParser } from 'saxes'
import { type Element, noAttributes } from '../../src/xml/element.ts'
import { declare, isDeclaration, OUTERMOST, resolve, type Scope } from '../../src/xml/strict-reader.ts'

const ROOT = 'saxes.tree.root'

interface Node {
  readonly name: string
  readonly scope: Scope
  readonly attributes: Record<string, string>
  readonly content: (Node | string)[]
}

/** The top-level elements as saxes alone sees them, in one go: what `XmlReader` must agree with. Throws any error. */
export function saxesTree(whole: string): Element[] {
  const text = whole.replace(/^<\?xml[^<]*?\?>/, '')
  if (/\p{Cs}/u.test(text)) throw new Error('lone surrogate')
  const open: Node[] = [{ name: '', scope: OUTERMOST, attributes: {}, content: [] }]
  const inner = () => open[open.length - 1] as Node
  const parser = new SaxesParser({ fragment: true })
  const addText = (added: string) => {
    const { content } = inner()
    const last = content.at(-1)
    if (typeof last === 'string') content[content.length - 1] = last + added
    else if (added !== '') content.push(added)
  }
  parser.on('error', error => {
    throw error
  })
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => open.pop())
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > 257) throw new Error('too deep')
    const node = makeNode(inner().scope, name, attributes as Record<string, string>)
    inner().content.push(node)
    open.push(node)
  })
  // In an element, as virsh reads a file.
  parser.write(`<${ROOT}>${text}</${ROOT}>`).close()
  const [root] = plain(inner()).content
  if (root === undefined || typeof root === 'string') throw new Error('closed from inside')
  return root.content.filter(part => typeof part !== 'string')
}

function makeNode(outer: Scope, name: string, given: Record<string, string>): Node {
  const scope = declare(outer, Object.entries(given))
  const attributes = noAttributes()
  for (const [key, value] of Object.entries(given)) {
    if (isDeclaration(key)) continue
    const full = resolve(scope, key, 'attribute')
    if (full in attributes) throw new Error('duplicate')
    attributes[full] = value
  }
  return { name: resolve(scope, name, 'element'), scope, attributes, content: [] }
}

const plain = ({ name, attributes, content }: Node): Element => ({
  name,
  attributes,
  content: content.map(part => (typeof part === 'string' ? part : plain(part))),
})
