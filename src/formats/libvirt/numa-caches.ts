import { xmlError } from '../../core/libvirt-error.ts'
import type { NumaCache } from '../../core/numa.ts'
import { child, children, type Element } from '../../xml/element.ts'
import { oneOf, parseUnsigned, required, requiredUnsigned } from './attributes.ts'

/** The memory-side caches of a NUMA `<cell>`, in their order. @throws LibvirtError */
export function parseCaches(cell: Element): NumaCache[] {
  const caches: NumaCache[] = []
  for (const element of children(cell, 'cache')) {
    const level = requiredUnsigned(element, 'level', false)
    required(element, 'associativity')
    const associativity = oneOf(element, 'associativity', ['none', 'direct', 'full'] as const) ?? 'none'
    required(element, 'policy')
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
