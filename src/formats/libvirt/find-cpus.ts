import { child, children, type Element, textOf } from '../../xml/element.ts'
import type { Found, FoundCpu, HostReport } from '../found.ts'

/** The CPUs in what a text holds: of a document those that virsh takes; of a conversation with QEMU none. */
function cpusOf(found: Found): FoundCpu[] {
  if (found.kind === 'conversation') return []
  if (found.kind === 'statement')
    return [
      { kind: 'stated', statements: [found], called: found.called ?? found.name, dialect: found.dialect },
    ]
  if (found.kind !== 'document') return [found]
  const { called, printed } = found
  if (printed) return [{ kind: 'host', cpu: printed.cpu, called }]
  const arch = archOf(found.element)
  const notes = argumentOfCpu(found.element) === undefined ? undefined : [OWN_ARGUMENT]
  // People quote this part of domain capabilities by itself.
  const own = found.element.name === 'mode' ? hostModelIn([found.element]) : findCpus(found.element)
  return own.map(({ element }) => ({ kind: 'definition', element, arch, called, notes }))
}

/** QEMU's own namespace in a domain. */
export const QEMU = '{http://libvirt.org/schemas/domain/qemu/1.0}'

export const OWN_ARGUMENT = 'its qemu:commandline has a -cpu of its own, which counts instead of <cpu>'

/** The CPU that a domain hands to QEMU past libvirt, as `-cpu` takes it: of several the last counts. */
export function argumentOfCpu(domain: Element): string | undefined {
  const line = domain.name === 'domain' ? child(domain, `${QEMU}commandline`) : undefined
  const words = line ? children(line, `${QEMU}arg`).map(({ attributes }) => attributes.value) : []
  return words.findLast((_, i) => words[i - 1] === '-cpu')
}

/** What a document says of the architecture of its CPU, outside of it. */
function archOf(top: Element): string | undefined {
  const os = top.name === 'domain' ? child(top, 'os') : undefined
  const arch = top.name === 'domainCapabilities' ? child(top, 'arch') : undefined
  return arch ? textOf(arch).trim() : os && child(os, 'type')?.attributes.arch
}

/**
 * Hands over the CPUs in what a text holds, each host once: what parts of it state of one host is one CPU, and nothing
 * that they say is more than what its own words of CPUID or flags tell. CPUs that no platform states are handed over at
 * once.
 */
export class CpuJoiner {
  readonly #take: (cpu: FoundCpu) => void
  /** What hosts are called of which a dump was met. */
  readonly #dumped = new Set<string>()
  readonly #waiting: FoundCpu[] = []
  readonly #reports = new Map<HostReport, Found[]>()

  constructor(take: (cpu: FoundCpu) => void) {
    this.#take = take
  }

  take(found: Found): void {
    const { report } = found
    if (report) this.#reports.set(report, [...(this.#reports.get(report) ?? []), found])
    else this.#takeCpus(found)
  }

  #takeCpus(found: Found): void {
    for (const cpu of cpusOf(found)) {
      if (cpu.kind === 'stated') this.#join(cpu)
      else {
        if (cpu.kind === 'dump') this.#dumped.add(nameOf(cpu))
        if (this.#waiting.length === 0) this.#take(cpu)
        else this.#waiting.push(cpu)
      }
    }
  }

  end(): void {
    for (const cpu of this.#waiting.splice(0)) {
      if (cpu.kind !== 'stated' || !this.#dumped.has(nameOf(cpu))) this.#take(cpu)
    }
    for (const found of this.#reports.values()) {
      const cpu = hostIn(found)
      if (cpu) this.#take(cpu)
    }
    this.#reports.clear()
  }

  #join(cpu: FoundCpu & { readonly kind: 'stated' }): void {
    const at = this.#waiting.findIndex(one => one.kind === 'stated' && isSameHost(one, cpu))
    const known = this.#waiting[at]
    if (known?.kind === 'stated')
      this.#waiting[at] = { ...known, statements: [...known.statements, ...cpu.statements] }
    else this.#waiting.push(cpu)
  }
}

/**
 * The host's own CPU in its report: as its libvirt describes it, else its words of CPUID, else what its kernel shows, else
 * what its platform states. Undefined where nothing of these is there.
 */
function hostIn(found: readonly Found[]): FoundCpu | undefined {
  const notes = [...new Set(found.flatMap(one => one.notes ?? []))]
  const cpus = found.flatMap(one =>
    one.kind === 'guest' || (one.kind === 'document' && one.element.name !== 'capabilities')
      ? []
      : cpusOf(one),
  )
  const described = cpus.find(one => one.kind === 'definition' && child(one.element, 'model'))
  const own = described ?? cpus.find(({ kind }) => kind === 'dump' || kind === 'registers')
  const statements = cpus.flatMap(one => (one.kind === 'stated' ? one.statements : []))
  const stated = statements.length > 0 ? ({ kind: 'stated', statements } as const) : undefined
  const cpu = own ?? stated
  return cpu && { ...cpu, called: found[0]?.report?.name, notes }
}

/** All CPUs of a text, each host once. */
export function joinCpus(all: Iterable<Found>): FoundCpu[] {
  const cpus: FoundCpu[] = []
  const joiner = new CpuJoiner(cpu => cpus.push(cpu))
  for (const found of all) joiner.take(found)
  joiner.end()
  return cpus
}

/** Empty: the text does not say. */
const nameOf = (cpu: FoundCpu): string =>
  (cpu.kind === 'dump' ? cpu.dumps[0]?.name : undefined) ?? cpu.called ?? ''

/** Whether they have one name, or none, and name no different CPU. */
function isSameHost(a: FoundCpu & { kind: 'stated' }, b: FoundCpu & { kind: 'stated' }): boolean {
  const [one, other] = [a.statements[0], b.statements[0]]
  const differ = (key: 'uuid' | 'vendor' | 'arch') =>
    one?.[key] !== undefined && other?.[key] !== undefined && one[key] !== other[key]
  return nameOf(a) === nameOf(b) && !differ('uuid') && !differ('vendor') && !differ('arch')
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
      return hostModelIn(children(top, 'cpu').flatMap(cpu => children(cpu, 'mode')))
    default:
      return []
  }
}

const hostModelIn = (modes: readonly Element[]): CpuElement[] =>
  modes
    .filter(({ attributes }) => attributes.name === 'host-model' && attributes.supported === 'yes')
    .map(mode => ({ origin: 'domainCapabilities', element: { ...mode, name: 'cpu', attributes: {} } }))
