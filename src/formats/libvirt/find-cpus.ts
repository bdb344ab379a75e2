import { children, type Element } from '../../xml/element.ts'
import type { Found, FoundCpu } from '../found.ts'

/**
 * The CPUs in what a text holds: of a document those that virsh takes; of a conversation with QEMU and of a platform's
 * statement none.
 */
export function cpusOf(found: Found): FoundCpu[] {
  if (found.kind === 'conversation' || found.kind === 'statement' || found.kind === 'guest') return []
  if (found.kind !== 'document') return [found]
  const { called } = found
  return findCpus(found.element).map(({ element }) => ({ kind: 'definition', element, called }))
}

/** Which document a `<cpu>` was found in. */
type Origin = 'cpu' | 'domain' | 'capabilities' | 'domainCapabilities'

interface CpuElement {
  readonly origin: Origin
  readonly element: Element
}

/**
 * The CPUs that virsh takes from a top-level element, in document order: the element itself, a domain's,
 * a host's capabilities, or a supported host-model of domain capabilities, which becomes a plain guest CPU
 * without attributes. Empty where there is none; deeper or namespaced CPUs are not seen.
 */
export function findCpus(top: Element): CpuElement[] {
  switch (top.name) {
    case 'cpu':
      return [{ origin: 'cpu', element: top }]
    case 'domain':
      return children(top, 'cpu').map(element => ({ origin: 'domain', element }))
    case 'capabilities':
      return children(top, 'host')
        .flatMap(host => children(host, 'cpu'))
        .map(element => ({ origin: 'capabilities', element }))
    case 'domainCapabilities':
      return children(top, 'cpu')
        .flatMap(cpu => children(cpu, 'mode'))
        .filter(({ attributes }) => attributes.name === 'host-model' && attributes.supported === 'yes')
        .map(mode => ({ origin: 'domainCapabilities', element: { ...mode, name: 'cpu', attributes: {} } }))
    default:
      return []
  }
}
