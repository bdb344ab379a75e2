import { type LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { type Element, requiredAttribute } from '../../xml/element.ts'

/** Readers of single attributes, with libvirt's generic error texts. All answer undefined when the attribute is absent. */

const bad = (element: Element, name: string, tail: string): LibvirtError =>
  xmlError(`Invalid value for attribute '${name}' in element '${element.name}': ${tail}`)

/** One of `values`. @throws LibvirtError naming the value, when it is another */
export function oneOf<T extends string>(element: Element, name: string, values: readonly T[]): T | undefined {
  const value = element.attributes[name]
  if (value === undefined) return undefined
  const found = values.find(v => v === value)
  if (found === undefined) throw bad(element, name, `'${value}'.`)
  return found
}

/** `on`/`off` or `yes`/`no`, as the two words given. */
export function readFlag(element: Element, name: string, yes: string, no: string): boolean | undefined {
  const value = oneOf(element, name, [yes, no])
  return value === undefined ? undefined : value === yes
}

/** An unsigned decimal no greater than `max`, which is below 2^53; 0 only where `zero` allows it. */
export function unsigned(element: Element, name: string, max = 0xffff_ffff, zero = true): number | undefined {
  const value = element.attributes[name]
  if (value === undefined) return undefined
  const number = parseUnsigned(value, max)
  if (number === undefined) throw bad(element, name, `'${value}'. Expected non-negative integer value`)
  if (number === 0 && !zero) throw bad(element, name, 'Zero is not permitted')
  return number
}

/** A signed 32-bit decimal that must not be negative: two different faults, two texts. */
export function nonNegative(element: Element, name: string): number | undefined {
  const value = element.attributes[name]
  if (value === undefined) return undefined
  const number = SIGNED.test(value) ? Number(value) : Number.NaN
  if (!(number >= -0x8000_0000 && number <= 0x7fff_ffff))
    throw bad(element, name, `'${value}'. Expected integer value`)
  if (number < 0) throw bad(element, name, `'${value}'. Expected non-negative value`)
  return number
}

// Leading blanks and a plus sign are tolerated, anything after the digits is not.
const SIGNED = /^[ \t\n\v\f\r]*[+-]?\d+$/
const UNSIGNED = /^[ \t\n\v\f\r]*\+?\d+$/

/** An unsigned decimal no greater than `max`, which is below 2^53; undefined for any other text. */
export function parseUnsigned(text: string, max: number): number | undefined {
  const number = UNSIGNED.test(text) ? Number(text) : Number.NaN
  return number <= max ? number : undefined
}

/** As `unsigned`, for 64 bits, and required. */
export function unsigned64(element: Element, name: string): bigint {
  const value = requiredAttribute(element, name)
  const number = UNSIGNED.test(value) ? BigInt(value.trim().replace('+', '')) : 2n ** 64n
  if (number >= 2n ** 64n) throw bad(element, name, `'${value}'. Expected non-negative integer value`)
  return number
}

/** As `unsigned`, and required. */
export function requiredUnsigned(element: Element, name: string, zero = true): number {
  requiredAttribute(element, name)
  return unsigned(element, name, 0xffff_ffff, zero) ?? 0
}
