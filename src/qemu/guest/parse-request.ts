import { architectureOf } from '../../arch/registry.ts'
import type { GuestCpu } from '../../core/cpu.ts'
import { internalError, LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { DEFAULT_LIBVIRT, hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import type { FoundGuest } from '../../formats/found.ts'
import { unsigned } from '../../formats/libvirt/attributes.ts'
import { parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { child, children, type Element, textOf } from '../../xml/element.ts'
import {
  checkTimerSettings,
  type DomainDevices,
  NO_DEVICES,
  parseDevices,
  parseTimers,
  type Timer,
} from './parse-devices.ts'
import {
  type CpuProperties,
  type DomainFeatures,
  listTimerProperties,
  parseDomainFeatures,
} from './parse-settings.ts'

/**
 * What a `<domain>` asks of its hypervisor.
 * @param libvirt what that version knows; absent: all
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseGuestRequest(domain: Element, libvirt = DEFAULT_LIBVIRT): GuestRequest {
  const { type } = domain.attributes
  if (type === undefined) throw xmlError("Missing required attribute 'type' in element 'domain'")
  const os = child(domain, 'os')
  const { arch, machine } = (os && child(os, 'type'))?.attributes ?? {}
  const devices = child(domain, 'devices')
  const emulator = devices && child(devices, 'emulator')
  const request = {
    name: parseName(domain),
    virttype: type,
    arch,
    machine: machine || undefined,
    isDomain: true as const,
    emulator: emulator && textOf(emulator),
    ...parseVcpus(domain),
    cpu: child(domain, 'cpu') && parseDomainCpu(domain),
    ...parseSettings(domain, libvirt),
  }
  checkRequest(request, libvirt)
  return request
}

/** Elements of `<features>` that ask nothing of a host. */
const PLAIN_FEATURES = ['acpi', 'apic', 'pae', 'hap', 'privnet', 'vmcoreinfo']
const PLAIN_TIMERS = ['rtc', 'pit', 'hpet']
const PLAIN_IN_CPU = ['model', 'vendor', 'feature', 'topology']
/** Interrupts reach so many without more being asked for. */
const MOST_PLAIN_VCPUS = 255
const LEVELS = ['sockets', 'dies', 'clusters', 'cores', 'threads'] as const

/** Whether a domain asks its hypervisor for more than a CPU under KVM. */
export function asksMore(domain: Element): boolean {
  const of = (name: string, inner?: string) => {
    const found = child(domain, name)
    return found ? children(found, inner) : []
  }
  const [vcpu] = children(domain, 'vcpu')
  const vcpus = vcpu ? Number(textOf(vcpu)) : 1
  const topology = of('cpu', 'topology')[0]?.attributes
  const all = topology ? LEVELS.reduce((product, level) => product * Number(topology[level] ?? 1), 1) : vcpus
  const { machine = 'pc' } = of('os', 'type')[0]?.attributes ?? {}
  return (
    (domain.attributes.type ?? 'kvm') !== 'kvm' ||
    child(domain, 'launchSecurity') !== undefined ||
    children(domain).some(({ name }) => name.endsWith(':commandline')) ||
    of('features').some(({ name, attributes }) => !PLAIN_FEATURES.includes(name) || 'eoi' in attributes) ||
    of('clock', 'timer').some(({ attributes }) => !PLAIN_TIMERS.includes(attributes.name ?? '')) ||
    of('devices').some(({ name }) => name === 'hostdev' || name === 'iommu') ||
    of('cpu').some(({ name }) => !PLAIN_IN_CPU.includes(name)) ||
    !isPc(machine) ||
    !(vcpus > 0 && vcpus <= MOST_PLAIN_VCPUS && all === vcpus)
  )
}

function parseSettings(domain: Element, libvirt: LibvirtVersion) {
  if (parseVcpus(domain).vcpus === 0) throw internalError('CPU IDs in <numa> exceed the <vcpu> count')
  const features = parseDomainFeatures(domain, libvirt)
  const timers = parseTimers(domain)
  const settings = [...listTimerProperties(timers), ...features.properties]
  return { features, timers, settings, devices: parseDevices(domain, libvirt) }
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
  features: { properties: [], names: [] },
  timers: [],
  devices: NO_DEVICES,
})

/** @throws LibvirtError for a domain without a name, and for a name that no domain may have */
function parseName(domain: Element): string {
  const element = child(domain, 'name')
  const name = element ? textOf(element) : ''
  if (name === '') throw new LibvirtError('no-name', '')
  if (name.includes('/')) throw xmlError(`name ${name} cannot contain '/'`)
  return name
}

function parseVcpus(domain: Element): Pick<GuestRequest, 'vcpus' | 'vcpusAtStart'> {
  const vcpu = child(domain, 'vcpu')
  if (!vcpu) return { vcpus: 1 }
  const text = textOf(vcpu).trim()
  if (!/^\d+$/.test(text)) throw xmlError('maximum vcpus count must be an integer')
  const vcpus = Number(text)
  const vcpusAtStart = unsigned(vcpu, 'current', undefined, false)
  if ((vcpusAtStart ?? 0) > vcpus) {
    throw new LibvirtError('unsupported', 'maximum vCPU count must not be less than current vCPU count')
  }
  return { vcpus, vcpusAtStart }
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
  /** Absent: all. The others may be added while it runs. */
  readonly vcpusAtStart?: number | undefined
  /** Absent: whatever the machine gives by itself. */
  readonly cpu?: GuestCpu | undefined
  /** What its timers and features tell QEMU's CPU. */
  readonly settings: CpuProperties
  readonly features: DomainFeatures
  readonly timers: readonly Timer[]
  readonly devices: DomainDevices
}

/**
 * What libvirt refuses of a domain before it looks at the hypervisor that is to run it.
 * @throws LibvirtError
 */
function checkRequest(request: GuestRequest, libvirt: LibvirtVersion): void {
  const { arch = 'x86_64', machine = 'pc', features, timers, devices } = request
  const hasNoBus = architectureOf(arch)?.name === 'x86' && !isPc(machine)
  const isByMachine = hasBehaviour(libvirt, 'pci-by-machine')
  if (hasNoBus && isByMachine && !WITHOUT_PCI.includes(machine))
    throw internalError(`Machine type '${machine}' supports PCI but no PCI controller added`)
  const { tseg } = features
  if (tseg !== undefined) {
    const unsupported = (detail: string) => new LibvirtError('unsupported', `SMM TSEG ${detail}`)
    if (!isQ35(machine)) throw unsupported('is only supported with q35 machine type')
    if (tseg % 0x10_0000n !== 0n) throw unsupported('size must be divisible by 1 MiB')
  }
  for (const timer of timers) checkTimerSettings(timer)
  const isUsbOnPci = !isByMachine && devices.hasUsb && machine !== 'isapc'
  const needsBus =
    isUsbOnPci || devices.hostDevices.some(({ type, model }) => type === 'pci' || model === 'vfio-pci')
  if (hasNoBus && needsBus) throw xmlError('No PCI buses available')
}

const WITHOUT_PCI = ['isapc', 'microvm']

/** Whether a machine of x86 has a PCI bus, by its name. */
const isPc = (machine: string): boolean => isQ35(machine) || /^pc(?:-|$)/.test(machine)

/** Whether a machine is of the newer of QEMU's two families of PCs. */
export const isQ35 = (machine: string): boolean => /^(?:pc-q35-.*|q35)$/.test(machine)
