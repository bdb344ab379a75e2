import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { XmlAttribute, XmlElement, XmlNode } from 'libxml2-wasm'
import own from '../../../schema/cpu.rng'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import type { Element } from '../../xml/element.ts'
import { printElement } from '../../xml/writer.ts'
import { fileError } from './file-error.ts'
import { isFile, LARGEST_OF_VIRSH, readWhole } from './files.ts'

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

/** Where distributions put libvirt's schemas. */
const INSTALLED = '/usr/share/libvirt/schemas'

/** What errors call the schema that comes with virt-cpu. */
const OWN_NAME = 'schema/cpu.rng of virt-cpu'

/**
 * Checks a `<cpu>` by RELAX NG: with the `cpu.rng` in `directory`, else an installed libvirt's, else our own.
 * @throws LibvirtError of kind `schema`, with libxml2's lines; FileError where `directory` has no schema
 */
export async function validateCpu(
  cpu: Element,
  directory: string | undefined,
  version: LibvirtVersion,
): Promise<void> {
  const { RelaxNGValidator, XmlDocument, XmlValidateError } = await import('libxml2-wasm')
  const { xmlRegisterFsInputProviders } = await import('libxml2-wasm/lib/nodejs.mjs')
  xmlRegisterFsInputProviders() // a schema includes others
  const { name, text } = findSchema(directory, version)
  const schema = XmlDocument.fromString(text, { url: name })
  const document = XmlDocument.fromString(printElement(cpu))
  try {
    RelaxNGValidator.fromDoc(schema).validate(document)
  } catch (error) {
    if (!(error instanceof XmlValidateError)) throw error
    const lines = error.details.map(({ message }) => message).join('')
    throw new LibvirtError('schema', `Unable to validate doc against ${name}\n${lines}`, { cause: error })
  } finally {
    document.dispose()
    schema.dispose()
  }
}

function findSchema(directory: string | undefined, version: LibvirtVersion): { name: string; text: string } {
  const path = join(directory ?? INSTALLED, 'cpu.rng')
  if (directory === undefined && !existsSync(path)) return { name: OWN_NAME, text: ownSchema(version) }
  try {
    return { name: path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw fileError('open', path, error)
  }
}

const DOTTED = '<define name="host-feature">'

function ownSchema(version: LibvirtVersion): string {
  if (hasBehaviour(version, 'host-feature-dot')) return own
  const [before = '', after = ''] = own.split(DOTTED)
  return before + DOTTED + after.replace('_.]+', '_]+')
}

const OPEN = '<container>'
const CLOSE = '</container>'
/** What libxml2 calls a fault that it cannot read on after; virsh does not mind others, of namespaces for one. */
const FATAL = 3
const NEWLINE = 0x0a
const RETURN = 0x0d

/** Where the newer libxml2 that we have words a fault another way than the one behind most virsh. */
const OLDER_WORDS: readonly (readonly [now: RegExp, then: string])[] = [
  [/^Invalid bytes in character encoding$/, 'Input is not proper UTF-8, indicate encoding !'],
  [/^(Excessive depth in document: \d+), use/, '$1 use'],
]

/**
 * What virsh says about a file that is not well-formed, without its `error: `: line, libxml2's words, the
 * line itself and a caret. Undefined where libxml2 has nothing to object, or the file is too long for virsh.
 * @param bytes the file, where it cannot be read a second time
 */
export async function wordsOfLibxml2(path: string, bytes?: Buffer): Promise<string | undefined> {
  const file = bytes ?? (isFile(path) ? readWhole(path, LARGEST_OF_VIRSH) : undefined)
  if (!file) return undefined
  const wrapped = Buffer.concat([Buffer.from(OPEN), contentOf(file), Buffer.from(CLOSE)])
  const fault = await firstFault(wrapped)
  return fault && worded(fault, wrapped)
}

/** What virsh looks at: up to the first NUL, without an XML declaration at the very start. */
function contentOf(file: Buffer): Buffer {
  const nul = file.indexOf(0)
  const text = nul < 0 ? file : file.subarray(0, nul)
  if (!text.subarray(0, 5).equals(Buffer.from('<?xml'))) return text
  const end = text.indexOf('?>')
  return end < 0 ? text : text.subarray(end + 2)
}

interface Fault {
  readonly message: string
  readonly line: number
  /** 1-based, in characters. */
  readonly col: number
}

async function firstFault(wrapped: Buffer): Promise<Fault | undefined> {
  const { XmlDocument, XmlParseError } = await import('libxml2-wasm')
  try {
    XmlDocument.fromBuffer(wrapped).dispose()
    return undefined
  } catch (error) {
    if (error instanceof XmlParseError) return error.details.find(({ level }) => level === FATAL)
    throw error
  }
}

function worded({ message, line, col }: Fault, wrapped: Buffer): string {
  const words = OLDER_WORDS.reduce((text, [now, then]) => text.replace(now, then), message.replace(/\n$/, ''))
  const at = placeOf(wrapped, line, col)
  const bytes = words.startsWith('Input is not proper') ? `\nBytes:${hexBytes(wrapped, at)}` : ''
  const pointed = words.startsWith("Sequence ']]>'") ? startOfText(wrapped, at) : at
  return `at line ${line}: ${words}${bytes}\n${excerpt(wrapped, pointed)}`
}

/** The offset of a place that is told by line and characters. */
function placeOf(text: Buffer, line: number, col: number): number {
  const start = startOfLine(text, line)
  const end = text.indexOf(NEWLINE, start)
  const source = text.toString('utf8', start, end < 0 ? undefined : end)
  // An invalid byte is one character of libxml2's and three bytes of ours.
  if (source.includes('\ufffd')) return start + col - 1
  const before = Array.from(source).slice(0, col - 1)
  return start + Buffer.byteLength(before.join(''))
}

/** The libxml2 behind virsh has not moved on from where a text begins, unless there is more than ASCII in it. */
function startOfText(text: Buffer, at: number): number {
  const start = 1 + Math.max(text.lastIndexOf('>', at - 1), text.lastIndexOf(';', at - 1))
  return text.subarray(start, at).every(byte => byte < 0x80) ? start : at
}

/** The line, which a carriage return ends too, and under it a caret; tabs stay, so that it stands where it should. */
function excerpt(text: Buffer, at: number): string {
  const start = 1 + Math.max(text.lastIndexOf(NEWLINE, at - 1), text.lastIndexOf(RETURN, at - 1))
  const line = text.toString('latin1', start)
  const end = start + line.search(/[\r\n]|$/)
  const dashes = text.toString('latin1', start, at).replace(/[^\t]/g, '-')
  return `${text.toString('utf8', start, end)}\n${dashes}^`
}

/** ` 0xE9 0x20 0x2D 0x2D`: four bytes from `at`. */
const hexBytes = (text: Buffer, at: number): string =>
  [...text.subarray(at, at + 4)]
    .map(byte => ` 0x${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

function startOfLine(text: Buffer, line: number): number {
  let start = 0
  for (let n = 1; n < line; n++) {
    const newline = text.indexOf(NEWLINE, start)
    if (newline < 0) break
    start = newline + 1
  }
  return start
}
