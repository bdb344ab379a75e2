import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import { oneOf, readFlag, unsigned, unsigned64 } from '../../formats/libvirt/attributes.ts'
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

/** A timer of a domain's clock, as far as its start depends on it. Absent: not said. */
export interface Timer {
  readonly name: TimerName
  readonly present?: boolean | undefined
  readonly tickpolicy?: string | undefined
  readonly track?: string | undefined
  /** In Hz; 0: none. */
  readonly frequency?: bigint | undefined
  readonly mode?: string | undefined
  /** Whether it says how it catches up. */
  readonly catchesUp?: boolean
}

const TIMERS = ['platform', 'pit', 'rtc', 'hpet', 'tsc', 'kvmclock', 'hypervclock', 'armvtimer'] as const
type TimerName = (typeof TIMERS)[number]

/**
 * The timers of a `<domain>`, in its order.
 * @throws LibvirtError with libvirt's kind and text, for a bad clock too
 */
export function parseTimers(domain: Element): readonly Timer[] {
  const clock = child(domain, 'clock')
  if (!clock) return []
  checkOffset(clock)
  return children(clock, 'timer').map(parseTimer)
}

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/** What an offset cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { timezone: 'timezone', absolute: 'start' }

function checkOffset({ attributes }: Element): void {
  const { offset = 'utc', basis = 'utc' } = attributes
  if (!['utc', 'localtime', 'variable', 'timezone', 'absolute'].includes(offset))
    throw makeUnsupportedError(`unknown clock offset '${offset}'`)
  if (offset === 'variable' && !['utc', 'localtime'].includes(basis))
    throw makeUnsupportedError(`unknown clock basis '${basis}'`)
  const needed = NEEDED[offset]
  if (needed !== undefined && attributes[needed] === undefined) {
    const detail = `missing '${needed}' attribute for clock with offset='${offset}'`
    throw new LibvirtError('internal', detail)
  }
}

function parseTimer(timer: Element): Timer {
  requiredAttribute(timer, 'name')
  const read = {
    name: oneOf(timer, 'name', TIMERS) ?? 'platform',
    present: readFlag(timer, 'present', 'yes', 'no'),
    tickpolicy: oneOf(timer, 'tickpolicy', ['delay', 'catchup', 'merge', 'discard']),
    track: oneOf(timer, 'track', ['boot', 'guest', 'wall', 'realtime']),
    frequency: timer.attributes.frequency === undefined ? undefined : unsigned64(timer, 'frequency'),
    mode: oneOf(timer, 'mode', ['auto', 'native', 'emulate', 'paravirt', 'smpsafe']),
  }
  const catchup = child(timer, 'catchup')
  if (catchup) for (const name of ['threshold', 'slew', 'limit']) unsigned(catchup, name)
  return { ...read, catchesUp: catchup !== undefined }
}

/** What may be said of a timer. */
const SETTINGS: Readonly<Record<TimerName, readonly (keyof Timer)[]>> = {
  platform: ['tickpolicy', 'track'],
  pit: ['tickpolicy'],
  rtc: ['tickpolicy', 'track'],
  hpet: ['tickpolicy'],
  tsc: ['tickpolicy', 'frequency', 'mode'],
  kvmclock: [],
  hypervclock: [],
  armvtimer: ['tickpolicy'],
}

/** What a timer cannot be told, whoever runs the guest. @throws LibvirtError */
export function checkTimerSettings(timer: Timer): void {
  if (timer.catchesUp && timer.tickpolicy !== 'catchup')
    throw xmlError("setting of timer catchup policies is only supported with tickpolicy='catchup'")
  for (const setting of ['tickpolicy', 'track', 'frequency', 'mode'] as const) {
    if (!timer[setting] || SETTINGS[timer.name].includes(setting)) continue
    throw makeUnsupportedError(`timer ${timer.name} doesn't support setting of timer ${setting}`)
  }
}
