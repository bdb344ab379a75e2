import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import { oneOf, readFlag } from '../../formats/libvirt/attributes.ts'
import { QEMU } from '../../formats/libvirt/find-cpus.ts'
import { child, children, type Element, requiredAttribute, textOf } from '../../xml/element.ts'

/** A device of the host that a guest is given, or an IOMMU that it has; absent: not said. */
interface HostDevice {
  readonly mode: string
  /** `pci`, `usb`, `mdev`, …; of mode `capabilities` `storage`, `misc` or `net`. */
  readonly type: string
  /** Of a PCI device what hands it over: `vfio`, `xen`, `kvm`; absent: libvirt's choice. */
  readonly driver?: string | undefined
  /** Of a mediated device: `vfio-pci`, `vfio-ccw`, `vfio-ap`. */
  readonly model?: string | undefined
}

/** A virtual IOMMU. Absent: not said. */
interface Iommu {
  readonly model: string
  readonly intremap?: boolean | undefined
  readonly eim?: boolean | undefined
}

/** What a domain has beside its CPU, features and clock that its start depends on. */
export interface DomainDevices {
  readonly hostDevices: readonly HostDevice[]
  readonly iommu?: Iommu | undefined
  /** Whether it has a controller of USB, if only by default. */
  readonly hasUsb: boolean
  /** The type of its `<launchSecurity>`; absent: its memory is not protected. */
  readonly protection?: string | undefined
  /** Arguments that its definition adds to QEMU's own. */
  readonly arguments: readonly string[]
  /** The elements that nothing here looks at and that a start may fail for, by name, each once. */
  readonly unseen: readonly string[]
}

export const NO_DEVICES: DomainDevices = { hostDevices: [], hasUsb: false, arguments: [], unseen: [] }

/** @throws LibvirtError with libvirt's kind and text */
export function parseDevices(domain: Element, libvirt: LibvirtVersion): DomainDevices {
  const devices = child(domain, 'devices')
  const hostDevices = devices ? children(devices, 'hostdev').map(parseHostDevice) : []
  const controllers = devices ? children(devices, 'controller') : []
  const iommu = devices && child(devices, 'iommu')
  return {
    hostDevices,
    iommu: iommu && parseIommu(iommu),
    hasUsb: !controllers.some(({ attributes: { type, model } }) => type === 'usb' && model === 'none'),
    protection: parseProtection(domain, libvirt),
    arguments: parseArguments(domain),
    unseen: listUnseen(domain, devices),
  }
}

function parseHostDevice(element: Element): HostDevice {
  const mode = oneOf(element, 'mode', ['subsystem', 'capabilities']) ?? 'subsystem'
  requiredAttribute(element, 'type')
  const known =
    mode === 'subsystem'
      ? (['usb', 'pci', 'scsi', 'scsi_host', 'mdev'] as const)
      : (['storage', 'misc', 'net'] as const)
  const type = oneOf<string>(element, 'type', known) ?? ''
  if (type === 'mdev') requiredAttribute(element, 'model')
  const model = type === 'mdev' ? oneOf(element, 'model', ['vfio-pci', 'vfio-ccw', 'vfio-ap']) : undefined
  const source = child(element, 'source')
  if (!source) throw xmlError('Missing <source> element in hostdev device')
  const address = type === 'pci' ? child(source, 'address') : undefined
  if (address) checkAddress(address)
  const driver = child(element, 'driver')
  return { mode, type, model, driver: driver && oneOf(driver, 'name', ['kvm', 'vfio', 'xen']) }
}

/** A PCI address has 32 slots. */
function checkAddress({ attributes: { slot } }: Element): void {
  if (slot !== undefined && Number(slot) > 0x1f)
    throw xmlError(`Invalid PCI address slot='0x${Number(slot).toString(16)}', must be <= 0x1F`)
}

function parseIommu(element: Element): Iommu {
  requiredAttribute(element, 'model')
  const model = oneOf(element, 'model', ['intel', 'smmuv3', 'virtio', 'amd']) ?? ''
  const driver = child(element, 'driver')
  const flag = (name: string) => driver && readFlag(driver, name, 'on', 'off')
  return { model, intremap: flag('intremap'), eim: flag('eim') }
}

const WITH_POLICY: readonly string[] = ['sev', 'sev-snp']

function parseProtection(domain: Element, libvirt: LibvirtVersion): string | undefined {
  const element = child(domain, 'launchSecurity')
  if (!element) return undefined
  requiredAttribute(element, 'type')
  const newer = hasBehaviour(libvirt, 'all-protections') ? (['tdx'] as const) : []
  const type = oneOf(element, 'type', ['sev', 'sev-snp', 's390-pv', ...newer]) ?? ''
  if (!WITH_POLICY.includes(type)) return type
  for (const name of ['kernelHashes', 'authorKey', 'vcek']) readFlag(element, name, 'yes', 'no')
  const policy = child(element, 'policy')
  if (!policy || !isNumber(textOf(policy))) throw xmlError('failed to get launch security policy')
  for (const name of ['cbitpos', 'reducedPhysBits']) {
    const part = child(element, name)
    if (part && !isNumber(textOf(part))) throw xmlError(`Invalid format for launch security ${name}`)
  }
  return type
}

const isNumber = (text: string): boolean => /^\s*(?:0x[0-9a-f]+|\d+)\s*$/i.test(text)

/** What `<qemu:commandline>` adds. */
function parseArguments(domain: Element): readonly string[] {
  const line = child(domain, `${QEMU}commandline`)
  if (!line) return []
  const given = children(line, `${QEMU}arg`).map(({ attributes: { value } }) => {
    if (value === undefined) throw internal('No qemu command-line argument specified')
    return value
  })
  for (const { attributes } of children(line, `${QEMU}env`)) {
    if (attributes.name === undefined) throw internal('No qemu environment name specified')
    if (!/^[a-z_]/i.test(attributes.name))
      throw internal('Invalid environment name, it must begin with a letter or underscore')
  }
  return given
}

const internal = (detail: string): LibvirtError => new LibvirtError('internal', detail)

/** What is looked at, and what no start fails for. */
const SEEN = new Set(
  `name uuid genid title description metadata os vcpu vcpus cpu features clock launchSecurity on_poweroff on_reboot
  on_crash on_lockfailure pm perf currentMemory resource seclabel devices bootloader ${QEMU}commandline`.split(
    /\s+/,
  ),
)
const SEEN_DEVICES = new Set(['emulator', 'hostdev', 'iommu', 'memballoon'])

const listUnseen = (domain: Element, devices: Element | undefined): string[] => {
  const os = child(domain, 'os')
  return [
    ...new Set(
      [
        ...(os
          ? children(os).filter(({ name }) => ['loader', 'nvram', 'kernel', 'firmware'].includes(name))
          : []),
        ...children(domain).filter(({ name }) => !SEEN.has(name)),
        ...(devices ? children(devices).filter(({ name }) => !SEEN_DEVICES.has(name)) : []),
      ].map(({ name }) => name.replace(QEMU, 'qemu:')),
    ),
  ]
}
