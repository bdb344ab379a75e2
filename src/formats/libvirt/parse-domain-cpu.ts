import type { Cpu } from '../../core/cpu.ts'
import { child, type Element, textOf } from '../../xml/element.ts'
import { parseCpu } from './parse-cpu.ts'
import { parseNuma } from './parse-numa.ts'

/**
 * The CPU of a `<domain>`, with its NUMA topology, which counts only here.
 * @throws LibvirtError with libvirt's kind and text, also where the domain has no CPU
 */
export function parseDomainCpu(domain: Element): Cpu {
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
