import type { GuestCpu } from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import type { FoundGuest } from '../../formats/found.ts'
import { unsigned } from '../../formats/libvirt/attributes.ts'
import { parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { child, type Element, textOf } from '../../xml/element.ts'
import { type CpuProperties, parseCpuSettings } from './parse-settings.ts'

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
    name: parseName(domain),
    virttype: type,
    arch,
    machine: machine || undefined,
    isDomain: true,
    emulator: emulator && textOf(emulator),
    vcpus: parseVcpus(domain),
    cpu: child(domain, 'cpu') && parseDomainCpu(domain),
    settings: parseCpuSettings(domain),
  }
}

/** What a guest that a platform defines asks of its hypervisor: KVM, and its CPU. */
export const requestOfGuest = ({ name, cpu: { arch, ...cpu }, vcpus = 1 }: FoundGuest): GuestRequest => ({
  name,
  virttype: 'kvm',
  arch,
  isDomain: true,
  vcpus,
  cpu,
  settings: [],
})

/** @throws LibvirtError for a domain without a name, and for a name that no domain may have */
function parseName(domain: Element): string {
  const element = child(domain, 'name')
  const name = element ? textOf(element) : ''
  if (name === '') throw new LibvirtError('no-name', '')
  if (name.includes('/')) throw xmlError(`name ${name} cannot contain '/'`)
  return name
}

function parseVcpus(domain: Element): number {
  const vcpu = child(domain, 'vcpu')
  if (!vcpu) return 1
  const text = textOf(vcpu).trim()
  if (!/^\d+$/.test(text)) throw xmlError('maximum vcpus count must be an integer')
  const vcpus = Number(text)
  if ((unsigned(vcpu, 'current', undefined, false) ?? 0) > vcpus) {
    throw new LibvirtError('unsupported', 'maximum vCPU count must not be less than current vCPU count')
  }
  return vcpus
}

/** What a domain asks of its hypervisor, as far as the CPU is concerned. */
export interface GuestRequest {
  /** Absent: what defines it has no name for it. */
  readonly name?: string | undefined
  readonly virttype: string
  /** Absent: the host's. */
  readonly arch?: string | undefined
  /** Absent: QEMU's default. */
  readonly machine?: string | undefined
  readonly isDomain: true
  readonly emulator?: string | undefined
  readonly vcpus: number
  /** Absent: whatever the machine gives by itself. */
  readonly cpu?: GuestCpu | undefined
  readonly settings: CpuProperties
}
