import type { GuestNumaCell, NumaCache, NumaLink } from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { child, children, type Element } from '../../xml/element.ts'
import { oneOf, parseUnsigned, requiredAttribute, requiredUnsigned, unsigned } from './attributes.ts'

const STEPS = 'kmgtpe'
const MOST = 2n ** 63n - 1n

/**
 * An amount of memory in KiB, rounded up. Units are libvirt's: `b`, `bytes`; `K` and `KiB` count 1024, `KB` 1000,
 * and so on up to E; upper and lower case alike.
 * @param path what the error calls the attribute
 * @throws LibvirtError where it is no number, or too large, or the unit is unknown
 */
export function parseMemory(value: string, unit: string, path: string): bigint {
  if (!/^[ \t\n\v\f\r]*\+?\d+$/.test(value)) {
    throw xmlError(`Invalid value '${value}' for element or attribute '${path}'`)
  }
  const bytes = BigInt(value.trim().replace('+', '')) * scaleOf(unit)
  if (bytes > MOST) throw new LibvirtError('overflow', `value too large: ${value}${unit}`)
  return (bytes + 1023n) / 1024n
}

function scaleOf(unit: string): bigint {
  if (unit === '') return 1024n
  if (/^(?:b|bytes?)$/i.test(unit)) return 1n
  const [, letter, tail] = /^([kmgtpe])(i?b)?$/i.exec(unit) ?? []
  if (letter === undefined) throw new LibvirtError('invalid-arg', `unknown suffix '${unit}'`)
  const base = tail?.toLowerCase() === 'b' ? 1000n : 1024n
  return base ** BigInt(STEPS.indexOf(letter.toLowerCase()) + 1)
}

/** The latencies and bandwidths of `<interconnects>`, in their order. @throws LibvirtError */
export function parseLinks(list: Element, cells: readonly GuestNumaCell[]): NumaLink[] {
  const links: NumaLink[] = []
  for (const element of children(list)) {
    if (element.name !== 'latency' && element.name !== 'bandwidth') continue
    const link = linkOf(element, element.name, cells)
    const same = (other: NumaLink) =>
      (['kind', 'initiator', 'target', 'cache', 'type'] as const).every(key => other[key] === link[key])
    if (links.some(same)) throw xmlError('Duplicate info for NUMA latencies')
    links.push(link)
  }
  return links
}

function linkOf(element: Element, kind: NumaLink['kind'], cells: readonly GuestNumaCell[]): NumaLink {
  const initiator = requiredUnsigned(element, 'initiator')
  const target = requiredUnsigned(element, 'target')
  const cache = unsigned(element, 'cache') ?? 0
  requiredAttribute(element, 'type')
  const type = oneOf(element, 'type', ['access', 'read', 'write'] as const) ?? 'access'
  const given = requiredAttribute(element, 'value')
  if (parseUnsigned(given, Number.MAX_SAFE_INTEGER) === undefined) requiredUnsigned(element, 'value')
  const value =
    kind === 'latency'
      ? BigInt(given.trim().replace('+', ''))
      : parseMemory(given, element.attributes.unit ?? 'KiB', './@value')
  const from = cells[initiator]
  if (!from) throw xmlError("'initiator' refers to a non-existent NUMA node")
  const to = cells[target]
  if (!to) throw xmlError("'target' refers to a non-existent NUMA node")
  if (from.cpus.length === 0) throw xmlError("NUMA nodes without CPUs can't be initiator")
  if (cache > 0 && !to.caches.some(({ level }) => level === cache)) {
    throw xmlError("'cache' refers to a non-existent NUMA node cache")
  }
  return { kind, initiator, target, cache, type, value }
}

/** The memory-side caches of a NUMA `<cell>`, in their order. @throws LibvirtError */
export function parseCaches(cell: Element): NumaCache[] {
  const caches: NumaCache[] = []
  for (const element of children(cell, 'cache')) {
    const level = requiredUnsigned(element, 'level', false)
    requiredAttribute(element, 'associativity')
    const associativity = oneOf(element, 'associativity', ['none', 'direct', 'full'] as const) ?? 'none'
    requiredAttribute(element, 'policy')
    const policy = oneOf(element, 'policy', ['none', 'writeback', 'writethrough'] as const) ?? 'none'
    // The unit is looked for as a child element, so that the attribute is never seen.
    const size = amountOf(element, 'size')
    const line = Number(amountOf(element, 'line'))
    caches.push({ level, associativity, policy, size, line })
  }
  return caches
}

/** The `value` of a cache's `<size>` or `<line>`. */
function amountOf(cache: Element, name: string): bigint {
  const path = `./${name}/@value`
  const value = child(cache, name)?.attributes.value
  if (value === undefined) throw xmlError(`missing element or attribute '${path}'`)
  if (parseUnsigned(value, Number.MAX_SAFE_INTEGER) === undefined) {
    throw xmlError(`Invalid value '${value}' for element or attribute '${path}'`)
  }
  return BigInt(value.trim().replace('+', ''))
}

/** What libvirt looks at when all of the topology has been read. @throws LibvirtError */
export function checkCaches(caches: readonly NumaCache[]): void {
  for (const [at, { level }] of caches.entries()) {
    if (level > 3) throw xmlError("Ain't nobody heard of that much cache level")
    const isKnown = caches.slice(0, at).some(cache => cache.level === level)
    if (isKnown) throw xmlError(`Cache level '${level}' already defined`)
  }
}
