import { internalError, xmlError } from '../../core/libvirt-error.ts'
import { children, type Element, requiredAttribute } from '../../xml/element.ts'

/**
 * A file of an installed map's directory, by its name. @throws what reading it throws; ParseError for malformed XML.
 * Architectures need no reader of XML for their own data.
 */
export type MapFiles = (fileName: string) => Element

/** What takes the elements of an architecture's map; maps of architectures without features have none. */
export interface MapTaker {
  vendor(element: Element, name: string): void
  feature?(element: Element, name: string): void
  model(element: Element, name: string): void
}

const KINDS = ['vendor', 'feature', 'model'] as const

/**
 * Hands over everything that an installed map has for an architecture: the index's own elements first, then each
 * included file's; of each, vendors, then features, then models, in document order.
 * @throws LibvirtError with libvirt's texts, ParseError for malformed XML, and what `read` and `taker` throw
 */
export function walkCpuMap(read: MapFiles, arch: string, taker: MapTaker): void {
  if (!arch) throw internalError('undefined hardware architecture')
  const index = read('index.xml')
  const found = children(index, 'arch').find(element => element.attributes.name === arch)
  if (!found) throw internalError(`cannot find CPU map for ${arch} architecture`)
  take(found, 'index.xml', taker)
  for (const include of includesOf(found)) {
    const fileName = include.attributes.filename
    if (fileName === undefined) throw internalError("Missing 'filename' in CPU map include")
    take(read(fileName), fileName, taker)
  }
}

function take(parent: Element, file: string, taker: MapTaker): void {
  for (const kind of KINDS) {
    for (const element of children(parent, kind)) {
      if (!taker[kind]) throw internalError(`Unexpected element '${kind}' in CPU map '${file}'`)
      taker[kind](element, nameOf(element, file))
    }
  }
}

/** In document order, those of groups among the others. A group without a name is passed over. */
function includesOf(arch: Element): Element[] {
  return children(arch).flatMap(element => {
    if (element.name === 'include') return [element]
    const named = element.name === 'group' && element.attributes.name !== undefined
    return named ? children(element, 'include') : []
  })
}

function nameOf(element: Element, file: string): string {
  const name = element.attributes.name
  if (name === undefined) throw internalError(`cannot find ${element.name} name in CPU map '${file}'`)
  return name
}

/** A required hexadecimal number of up to 32 bits, `0x` or not, blanks before it allowed. @throws LibvirtError */
export function hexAttribute(element: Element, attribute: string): number {
  const value = requiredAttribute(element, attribute)
  const digits = /^[ \t\n\v\f\r]*\+?(?:0[xX])?([\da-fA-F]+)$/.exec(value)?.[1]
  const number = Number.parseInt(digits ?? '', 16)
  if (number <= 0xffff_ffff) return number
  const where = `attribute '${attribute}' in element '${element.name}': '${value}'`
  throw xmlError(`Invalid value for ${where}. Expected non-negative integer value`)
}
