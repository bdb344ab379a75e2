import { type Element, noAttributes } from '../../xml/element.ts'
import { learnToken } from '../../xml/token.ts'

const START = /^(?:<!--[^<>]*-->\n\n?)?<cpus>\n {2}<model name='([A-Za-z0-9_.-]+)'>\n/
const END = '\n  </model>\n</cpus>\n'
const COMMENT = / <!-- [0-9a-fA-F, ]+ -->$/

/** A line of a model, with its line break, and what it says. */
interface Line {
  readonly text: string
  readonly element: Element
  /** What came after this line last time: models list the same features in the same order. */
  next: Line | undefined
}

/**
 * A file of a map as libvirt writes it: one model, each of its children an empty element on a line of its own.
 * There are 180 such files with 14 000 lines, most of them the same few hundred, so each distinct line is
 * understood once, and most are found by what they followed before. The tree is without the blanks between
 * elements. Undefined for a file that differs in anything: that is for the XML reader.
 */
export function readModelText(text: string): Element | undefined {
  const [head, name] = START.exec(text) ?? []
  if (head === undefined || name === undefined || !text.endsWith(END)) return undefined
  const content: Element[] = []
  const end = text.length - END.length
  let last = first
  for (let at = head.length; at < end; at += last.text.length) {
    const guess = last.next
    const line = guess !== undefined && text.startsWith(guess.text, at) ? guess : lineAt(text, at)
    if (!line) return undefined
    last.next = line
    last = line
    content.push(line.element)
  }
  const model = { name: 'model', attributes: Object.assign(noAttributes(), { name }), content }
  return { name: 'cpus', attributes: noAttributes(), content: [model] }
}

const first: Line = {
  text: '',
  element: { name: '', attributes: noAttributes(), content: [] },
  next: undefined,
}
const known = new Map<string, Line>()
const MOST = 4096

function lineAt(text: string, at: number): Line | undefined {
  const line = text.slice(at, text.indexOf('\n', at) + 1)
  return known.get(line) ?? learn(line)
}

function learn(text: string): Line | undefined {
  const bare = text.slice(0, -1).replace(COMMENT, '')
  if (!bare.startsWith('    <') || bare.indexOf('<', 5) >= 0) return undefined
  const token = learnToken(bare.slice(5))
  if (token?.kind !== 'childless') return undefined
  const line = { text, element: token.element, next: undefined }
  if (known.size > MOST) known.clear()
  known.set(text, line)
  return line
}
