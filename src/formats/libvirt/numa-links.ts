import { xmlError } from '../../core/libvirt-error.ts'
import type { NumaCell, NumaLink } from '../../core/numa.ts'
import { children, type Element } from '../../xml/element.ts'
import { oneOf, parseUnsigned, required, requiredUnsigned, unsigned } from './attributes.ts'
import { parseMemory } from './memory-size.ts'

/** The latencies and bandwidths of `<interconnects>`, in their order. @throws LibvirtError */
export function parseLinks(list: Element, cells: readonly NumaCell[]): NumaLink[] {
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

function linkOf(element: Element, kind: NumaLink['kind'], cells: readonly NumaCell[]): NumaLink {
  const initiator = requiredUnsigned(element, 'initiator')
  const target = requiredUnsigned(element, 'target')
  const cache = unsigned(element, 'cache') ?? 0
  required(element, 'type')
  const type = oneOf(element, 'type', ['access', 'read', 'write'] as const) ?? 'access'
  const given = required(element, 'value')
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
