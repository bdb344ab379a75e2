import type { GuestCpu } from '../../core/cpu.ts'
import { xmlError } from '../../core/libvirt-error.ts'
import { parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { child, type Element, textOf } from '../../xml/element.ts'

/**
 * What a `<domain>` asks of its hypervisor.
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseGuestRequest(domain: Element): GuestRequest {
  const { type } = domain.attributes
  if (type === undefined) throw xmlError("Missing required attribute 'type' in element 'domain'")
  const os = child(domain, 'os')
  const { arch, machine } = (os && child(os, 'type'))?.attributes ?? {}
  const devices = child(domain, 'devices')
  const emulator = devices && child(devices, 'emulator')
  return {
    virttype: type,
    arch,
    machine,
    emulator: emulator && textOf(emulator),
    vcpus: parseVcpus(domain),
    cpu: child(domain, 'cpu') && parseDomainCpu(domain),
  }
}

function parseVcpus(domain: Element): number {
  const vcpu = child(domain, 'vcpu')
  if (!vcpu) return 1
  const text = textOf(vcpu).trim()
  if (!/^\d+$/.test(text)) throw xmlError('maximum vcpus count must be an integer')
  return Number(text)
}

/** What a domain asks of its hypervisor, as far as the CPU is concerned. */
export interface GuestRequest {
  readonly virttype: string
  /** Absent: the host's. */
  readonly arch?: string | undefined
  /** Absent: QEMU's default. */
  readonly machine?: string | undefined
  readonly emulator?: string | undefined
  readonly vcpus: number
  /** Absent: whatever the machine gives by itself. */
  readonly cpu?: GuestCpu | undefined
}
