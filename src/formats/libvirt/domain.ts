import type { GuestCpu } from '../../core/cpu.ts'
import { child, children, type Element, textOf } from '../../xml/element.ts'
import { findCpus } from './find-cpus.ts'
import { parseCpu } from './parse-cpu.ts'
import { parseNuma } from './parse-numa.ts'

/** What a domain's definition says of it, as far as its CPU is concerned. */
interface Domain {
  readonly name: string | undefined
  readonly uuid: string | undefined
  /** libvirt's name of its architecture. Absent: the definition does not say. */
  readonly arch: string | undefined
  /** How many virtual CPUs it has. */
  readonly vcpus: number | undefined
  /** Absent: whatever the hypervisor gives by itself. */
  readonly cpu: Element | undefined
}

/** Reads a `<domain>` element. */
export function domainOf(element: Element): Domain {
  const part = (name: string) => textOf(child(element, name) ?? NONE).trim() || undefined
  const vcpus = Number(part('vcpu'))
  const os = child(element, 'os')
  return {
    name: part('name'),
    uuid: part('uuid'),
    arch: os && child(os, 'type')?.attributes.arch,
    vcpus: Number.isSafeInteger(vcpus) && vcpus > 0 ? vcpus : undefined,
    cpu: findCpus(element)[0]?.element,
  }
}

/** The domains in a top-level element: itself, or those of the status document of a running one. */
export const domainsOf = (top: Element): Element[] =>
  top.name === 'domain' ? [top] : top.name === 'domstatus' ? children(top, 'domain') : []

const NONE: Element = { name: '', attributes: {}, content: [] }

/**
 * The CPU of a `<domain>`, with its NUMA topology, which counts only here.
 * @throws LibvirtError with libvirt's kind and text, also where the domain has no CPU
 */
export function parseDomainCpu(domain: Element): GuestCpu {
  const element = child(domain, 'cpu')
  const cpu = parseCpu(element, 'guest')
  const numa = element && child(element, 'numa')
  return numa ? { ...cpu, numa: parseNuma(numa, vcpusOf(domain)) } : cpu
}

/** Absent where the domain does not say it in digits: what is wrong with that is not the CPU's. */
function vcpusOf(domain: Element): number | undefined {
  const vcpu = child(domain, 'vcpu')
  const text = vcpu ? textOf(vcpu).trim() : '1'
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** What a hypervisor says that it can give guests. */
interface DomainCapabilities {
  /** The supported host-model, as a guest's `<cpu>`; absent: it has none. */
  readonly hostModel: Element | undefined
  /** libvirt's name of the architecture. Absent: the document does not say. */
  readonly arch: string | undefined
  /**
   * Every model that it lists, with what keeps it from running; of an unusable one without blockers, `?`; `unknown`:
   * the hypervisor does not say whether it runs.
   */
  readonly models: ReadonlyMap<string, readonly string[] | 'unknown'>
  /** The last word of the emulator's path. */
  readonly emulator: string | undefined
}

/** Reads a `<domainCapabilities>` element. */
export function domainCapabilitiesOf(element: Element): DomainCapabilities {
  const [hostModel] = findCpus(element)
  const path = child(element, 'path')
  const arch = child(element, 'arch')
  const custom = children(element, 'cpu')
    .flatMap(cpu => children(cpu, 'mode'))
    .find(({ attributes }) => attributes.name === 'custom')
  return {
    hostModel: hostModel?.element,
    arch: arch && textOf(arch).trim(),
    models: custom ? modelsOf(custom) : new Map(),
    emulator: path && textOf(path).split('/').at(-1),
  }
}

function modelsOf(custom: Element): Map<string, readonly string[] | 'unknown'> {
  const models = new Map<string, readonly string[] | 'unknown'>()
  for (const model of children(custom, 'model')) {
    models.set(textOf(model), USABLE[model.attributes.usable ?? 'yes'] ?? [])
  }
  for (const blockers of children(custom, 'blockers')) {
    const names = children(blockers, 'feature').flatMap(({ attributes }) => attributes.name ?? [])
    models.set(blockers.attributes.model ?? '', names)
  }
  return models
}

const USABLE: Readonly<Record<string, readonly string[] | 'unknown'>> = { no: ['?'], unknown: 'unknown' }
