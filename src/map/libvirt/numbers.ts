import { xmlError } from '../../core/libvirt-error.ts'
import type { Element } from '../../xml/element.ts'

/** A required attribute. @throws LibvirtError */
export function requiredAttribute({ name, attributes }: Element, attribute: string): string {
  const value = attributes[attribute]
  if (value === undefined) throw xmlError(`Missing required attribute '${attribute}' in element '${name}'`)
  return value
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
