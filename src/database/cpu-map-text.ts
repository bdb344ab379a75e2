import { type Element, noAttributes } from '../xml/element.ts'
import { learnToken } from '../xml/token.ts'

const START = /^(?:<!--[^<>]*-->\n\n?)?<cpus>\n {2}<model name='([A-Za-z0-9_.-]+)'>\n/
const END = '\n  </model>\n</cpus>\n'
const COMMENT = / <!-- [0-9a-fA-F, ]+ -->$/

/**
 * A file of a map as libvirt writes it: one model, each of its children an empty element on a line of its own.
 * There are 180 such files with 14 000 lines, most of them the same few hundred, so each distinct line is
 * understood once. The tree is without the blanks between elements. Undefined for a file that differs in
 * anything: that is for the XML reader.
 */
export function readModelText(text: string): Element | undefined {
  const [head, name] = START.exec(text) ?? []
  if (head === undefined || name === undefined || !text.endsWith(END)) return undefined
  const body = text.slice(head.length, -END.length)
  const content: Element[] = []
  for (const line of body.split('\n')) {
    const element = known.get(line) ?? learn(line)
    if (!element) return undefined
    content.push(element)
  }
  const model = { name: 'model', attributes: Object.assign(noAttributes(), { name }), content }
  return { name: 'cpus', attributes: noAttributes(), content: [model] }
}

const known = new Map<string, Element>()
const MOST = 4096

function learn(line: string): Element | undefined {
  const bare = line.replace(COMMENT, '')
  if (!bare.startsWith('    <') || bare.indexOf('<', 5) >= 0) return undefined
  const token = learnToken(bare.slice(5))
  if (token?.kind !== 'childless') return undefined
  if (known.size > MOST) known.clear()
  known.set(line, token.element)
  return token.element
}
