import {
  type CpuFeature,
  type GuestCache,
  type MaxPhysAddr,
  POLICIES,
  type Topology,
  type Tsc,
} from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import type { Signature } from '../../core/model.ts'
import { type Element, requiredAttribute, textOf } from '../../xml/element.ts'

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
function nonNegative(element: Element, name: string): number | undefined {
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

/** Readers of the children of a `<cpu>`, each with libvirt's checks and texts; absent where the element is. */

/** Not zero. */
export function parseMicrocode(element: Element | undefined): number | undefined {
  const version = element?.attributes.version
  if (version === undefined) return undefined
  const number = parseUnsigned(version, 0xffff_ffff)
  if (number === undefined) throw new LibvirtError('unsupported', 'invalid microcode version')
  return number
}

export function parseSignature(element: Element | undefined): Signature | undefined {
  if (!element) return undefined
  return {
    family: requiredUnsigned(element, 'family', false),
    model: requiredUnsigned(element, 'model'),
    stepping: requiredUnsigned(element, 'stepping'),
  }
}

export function tscOf(element: Element | undefined): Tsc | undefined {
  if (!element) return undefined
  return { frequency: unsigned64(element, 'frequency'), scaling: readFlag(element, 'scaling', 'yes', 'no') }
}

export function topologyOf(element: Element | undefined): Topology | undefined {
  if (!element) return undefined
  return {
    sockets: requiredUnsigned(element, 'sockets', false),
    dies: unsigned(element, 'dies', undefined, false) ?? 1,
    clusters: unsigned(element, 'clusters', undefined, false) ?? 1,
    cores: requiredUnsigned(element, 'cores', false),
    threads: requiredUnsigned(element, 'threads', false),
  }
}

export function cacheOf([element, second]: readonly Element[]): GuestCache | undefined {
  if (second) throw xmlError('at most one CPU cache element may be specified')
  if (!element) return undefined
  const level = nonNegative(element, 'level')
  if (level !== undefined && (level < 1 || level > 3)) {
    throw xmlError('invalid CPU cache level, must be in range [1,3]')
  }
  requiredAttribute(element, 'mode')
  return { level, mode: oneOf(element, 'mode', ['emulate', 'passthrough', 'disable'] as const) ?? 'emulate' }
}

export function maxphysaddrOf(element: Element | undefined): MaxPhysAddr | undefined {
  if (!element) return undefined
  requiredAttribute(element, 'mode')
  const mode = oneOf(element, 'mode', ['emulate', 'passthrough'] as const) ?? 'emulate'
  const bits = nonNegative(element, 'bits')
  const limit = unsigned(element, 'limit', undefined, false)
  if (limit !== undefined && mode !== 'passthrough') {
    throw new LibvirtError(
      'unsupported',
      "attribute 'limit' is only supported for maxphysaddr mode 'passthrough'",
    )
  }
  return { mode, bits, limit }
}

/** In list order. A host's policies are not looked at. */
export function parseFeatures(elements: readonly Element[], guest: boolean): CpuFeature[] {
  const seen = new Set<string>()
  const features: CpuFeature[] = []
  for (const element of elements) {
    const policy = guest ? policyOf(element) : undefined
    const name = element.attributes.name
    if (!name) throw xmlError('Invalid CPU feature name')
    if (seen.has(name)) throw xmlError(`CPU feature '${name}' specified more than once`)
    seen.add(name)
    features.push(policy ? { name, policy } : { name })
  }
  return features
}

function policyOf(element: Element) {
  const given = element.attributes.policy
  if (given === undefined) return 'require'
  const policy = POLICIES.find(p => p === given)
  if (!policy) throw new LibvirtError('unsupported', 'Invalid CPU feature policy')
  return policy
}

/** The children that matter: the first of each name, every feature, every cache, the TSC counter. */
export class Parts {
  arch: Element | undefined
  model: Element | undefined
  vendor: Element | undefined
  microcode: Element | undefined
  signature: Element | undefined
  topology: Element | undefined
  maxphysaddr: Element | undefined
  tsc: Element | undefined
  readonly features: Element[] = []
  readonly caches: Element[] = []
}

/** Sorts the children of a `<cpu>`. */
export function sortChildren(element: Element): Parts {
  const parts = new Parts()
  for (const item of element.content) {
    if (typeof item === 'string') continue
    // Most children are features: a pool of hosts is read at this loop's speed.
    if (item.name === 'feature') parts.features.push(item)
    else sort(parts, item)
  }
  return parts
}

function sort(parts: Parts, item: Element): void {
  switch (item.name) {
    case 'cache':
      parts.caches.push(item)
      break
    case 'counter':
      if (item.attributes.name === 'tsc') parts.tsc ??= item
      break
    case 'arch':
    case 'model':
    case 'vendor':
    case 'microcode':
    case 'signature':
    case 'topology':
    case 'maxphysaddr':
      parts[item.name] ??= item
  }
}

/** The element's text as it stands, blanks and all; absent when empty. */
export function textOfChild(element: Element | undefined): string | undefined {
  return (element && textOf(element)) || undefined
}
