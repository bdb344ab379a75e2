import { architectureOf } from '../../arch/registry.ts'
import type { Tsc } from '../../core/cpu.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { hasBehaviour } from '../../core/libvirt-version.ts'
import type { QemuProperty } from '../capabilities.ts'
import type { QemuChoice } from '../choice.ts'
import { listEnlightenments } from '../domain-capabilities/domain-capabilities.ts'
import { type GuestRequest, isQ35 } from './parse-request.ts'
import { type CpuProperties, HYPERV_HOST_MODEL, lastValueOf } from './parse-settings.ts'
import type { StartPlace } from './place.ts'

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/**
 * What libvirt refuses of a domain's timers where its architecture or machine does not have them.
 * @throws LibvirtError
 */
export function checkTimers({ timers }: GuestRequest, { choice }: StartPlace): void {
  const family = architectureOf(choice.arch)?.name
  for (const { name, tickpolicy = 'delay', track = 'guest', present } of timers) {
    if (name === 'platform') throw makeUnsupportedError("unsupported timer type (name) 'platform'")
    if (name === 'rtc' && track === 'boot')
      throw makeUnsupportedError(`unsupported rtc timer track '${track}'`)
    if (name === 'rtc' && !['delay', 'catchup'].includes(tickpolicy))
      throw makeUnsupportedError(`unsupported rtc timer tickpolicy '${tickpolicy}'`)
    if (name === 'pit' && tickpolicy === 'merge')
      throw makeUnsupportedError(`unsupported pit tickpolicy '${tickpolicy}'`)
    const isForeign = name === 'hypervclock' && present === true && family !== 'x86'
    if (isForeign || (name === 'armvtimer' && !isArmVirt(choice))) {
      const { arch, machine, virttype } = choice
      const guests = `virtType=${virttype} arch=${arch} machine=${machine?.name} guests`
      throw makeUnsupportedError(`Configuring the '${name}' timer is not supported for ${guests}`)
    }
  }
}

/**
 * What libvirt refuses of a domain's features, protection and devices where its architecture, machine or QEMU does not
 * have them.
 * @throws LibvirtError
 */
export function checkFeatures(request: GuestRequest, place: StartPlace): void {
  const { settings, features } = request
  const { choice } = place
  const { arch } = choice
  const family = architectureOf(arch)?.name
  if (family !== 'x86') refuseForeign(settings, choice, family)
  if (hasBehaviour(place.libvirt, 'hyperv-needs')) checkEnlightenments(settings)
  if (family === 'ppc64' && lastValueOf(settings, 'pmu') === 'off') {
    throw makeUnsupportedError(`PMU is always enabled for architecture '${arch}'`)
  }
  for (const [name, where] of ELSEWHERE) {
    if (features.names.includes(name) && !where(choice))
      throw makeUnsupportedError(refuseFeature(name, choice))
  }
  checkProtection(request, place)
  checkHostDevices(request, place)
  checkIommu(request, place)
}

/** The machine without a board of its own, of an architecture. */
const isVirt =
  (family: string) =>
  ({ arch, machine }: QemuChoice): boolean =>
    architectureOf(arch)?.name === family && /^virt(?:-|$)/.test(machine?.name ?? '')

const isArmVirt = isVirt('arm')

const isPseries = ({ arch, machine }: QemuChoice): boolean =>
  architectureOf(arch)?.name === 'ppc64' && /^pseries(?:-|$)/.test(machine?.name ?? '')

/** What enlightenments need, in the order in which libvirt looks at them. */
const HYPERV_NEEDS = [
  ['hv-stimer', 'hv-time'],
  ['hv-stimer', 'hv-synic'],
  ['hv-tlbflush', 'hv-vpindex'],
  ['hv-tlbflush-direct', 'hv-vapic'],
  ['hv-ipi', 'hv-vpindex'],
  ['hv-evmcs', 'hv-vapic'],
] as const

function checkEnlightenments(settings: CpuProperties): void {
  const on = new Set(settings.filter(([, value]) => value === 'on').map(([name]) => name))
  const [name = '', need = ''] = HYPERV_NEEDS.find(([one, other]) => on.has(one) && !on.has(other)) ?? []
  if (name === '') return
  const what = need === 'hv-time' ? "'hypervclock' timer" : `'${need.slice(3)}' feature`
  // The parts of one are called as QEMU calls them.
  const who = name === 'hv-tlbflush-direct' ? name : name.slice(3)
  throw makeUnsupportedError(`'${who}' hyperv feature requires ${what}`)
}

/** Boards without what a PC has. */
const hasLegacy = ({ machine }: QemuChoice): boolean => machine?.name !== 'microvm'

/** Features that only some machines or types of domains have, in the order in which libvirt looks at them. */
const ELSEWHERE: readonly (readonly [name: string, where: (choice: QemuChoice) => boolean])[] = [
  ['vmport', hasLegacy],
  ['gic', isArmVirt],
  ['hpt', isPseries],
  ['htm', isPseries],
  ['nested-hv', isPseries],
  ['ccf-assist', isPseries],
  ['cfpc', isPseries],
  ['sbbc', isPseries],
  ['ibs', isPseries],
  ['tcg', ({ virttype }) => virttype !== 'kvm'],
  ['ras', isArmVirt],
  ['ps2', hasLegacy],
  ['aia', isVirt('riscv64')],
]

const VIRT_ONLY: Readonly<Record<string, string>> = { ras: 'ARM', aia: 'RISC-V' }

const OF_BINARY: Readonly<Record<string, string>> = { vmport: 'vmport is', ps2: 'ps2 feature is' }

function refuseFeature(name: string, { arch, machine, virttype }: QemuChoice): string {
  if (name === 'tcg') return `TCG features are incompatible with domain type '${virttype}'`
  if (OF_BINARY[name]) return `${OF_BINARY[name]} not available with this QEMU binary`
  return VIRT_ONLY[name] === undefined
    ? `The '${name}' feature is not supported for architecture '${arch}' or machine type '${machine?.name}'`
    : `${name} feature is only supported with ${VIRT_ONLY[name]} Virt machines`
}

/** The type of QEMU's that protects a guest's memory. */
const GUARDS: Readonly<Record<string, string>> = {
  'sev-snp': 'sev-snp-guest',
  's390-pv': 's390-pv-guest',
  tdx: 'tdx-guest',
}

function checkProtection(
  { devices: { protection } }: GuestRequest,
  { capabilities, choice }: StartPlace,
): void {
  if (protection === undefined) return
  const guard = GUARDS[protection]
  const isAble =
    protection === 'tdx' ? choice.accelerator === 'kvm' : capabilities.sev || !/^sev/.test(protection)
  if (isAble && (guard === undefined || capabilities.types.has(guard))) return
  throw makeUnsupportedError(`'${protection}' launch security is not supported with this QEMU binary`)
}

/** What QEMU must have for a mediated device of another architecture. */
const MEDIATED: Readonly<Record<string, string>> = { 'vfio-ccw': 'CCW', 'vfio-ap': 'AP' }

function checkHostDevices({ devices }: GuestRequest, { capabilities }: StartPlace): void {
  for (const { mode, model = '' } of devices.hostDevices) {
    if (mode === 'capabilities')
      throw makeUnsupportedError("hostdev mode 'capabilities' is not supported in qemu")
    const what = MEDIATED[model]
    if (what === undefined || capabilities.types.has(model)) continue
    throw makeUnsupportedError(`VFIO ${what} device assignment is not supported by this version of QEMU`)
  }
}

/** The most vCPUs that interrupts reach without an IOMMU that extends them. */
const MOST_WITHOUT_EIM = 255

function checkIommu({ devices, features, vcpus }: GuestRequest, { choice }: StartPlace): void {
  const { iommu } = devices
  const machine = choice.machine?.name ?? ''
  if (iommu?.model === 'intel' && !isQ35(machine))
    throw makeUnsupportedError("IOMMU device: 'intel' is only supported with Q35 machines")
  if (iommu?.model === 'smmuv3' && !isArmVirt(choice))
    throw makeUnsupportedError("IOMMU device: 'smmuv3' is only supported with ARM Virt machines")
  // libvirt gives a guest of so many the IOMMU that it needs, and that the remapping of interrupts.
  const isLarge = vcpus > MOST_WITHOUT_EIM && isQ35(machine)
  const isRemapped = iommu?.intremap ?? (isLarge && (iommu?.model ?? 'intel') === 'intel')
  if (iommu?.eim && !isRemapped)
    throw makeUnsupportedError('IOMMU eim requires interrupt remapping to be enabled')
  if (isRemapped && features.ioapic === 'kvm')
    throw makeUnsupportedError("IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')")
}

/** Whether libvirt looks for the IOMMU that a large guest needs. @throws LibvirtError where it is turned off */
export function checkLargeGuest(
  { devices: { iommu }, vcpus }: GuestRequest,
  { choice, libvirt }: StartPlace,
): void {
  if (hasBehaviour(libvirt, 'no-eim-check')) return
  if (vcpus <= MOST_WITHOUT_EIM || !isQ35(choice.machine?.name ?? '') || iommu?.eim !== false) return
  throw makeUnsupportedError(
    'more than 255 vCPUs require extended interrupt mode enabled on the iommu device',
  )
}

/** What the host must offer for the devices that it hands over. @throws LibvirtError */
export function checkPassthrough({ devices }: GuestRequest, { vfio, libvirt }: StartPlace): void {
  if (hasBehaviour(libvirt, 'vfio-words')) {
    for (const { type, driver = 'vfio' } of devices.hostDevices) {
      if (type === 'pci' && driver !== 'vfio')
        throw makeUnsupportedError(`QEMU does not support device assignment mode '${driver}'`)
      if (type === 'pci' && vfio === false)
        throw makeUnsupportedError('VFIO PCI device assignment is not supported by the host')
    }
    return
  }
  const isHandedOver = devices.hostDevices.some(({ type, driver }) => type === 'pci' && driver === undefined)
  if (vfio === false && isHandedOver)
    throw makeUnsupportedError("host doesn't support passthrough of host PCI devices")
}

/** What libvirt cannot say to QEMU of the devices, when all else is decided. @throws LibvirtError */
export function checkLastOfDevices(request: GuestRequest, place: StartPlace): void {
  const wrong = request.devices.hostDevices.find(
    ({ type, driver }) => type === 'pci' && (driver === 'kvm' || driver === 'xen'),
  )
  if (wrong)
    throw refuseMediated(request, place) ?? internalError(`invalid PCI passthrough type '${wrong.driver}'`)
}

/** What a start alone refuses: libvirt writes QEMU's arguments of a mediated device whatever the host hands over. */
export const refuseMediated = ({ devices }: GuestRequest, { vfio }: StartPlace): LibvirtError | undefined =>
  vfio === false && devices.hostDevices.some(({ type }) => type === 'mdev')
    ? makeUnsupportedError('Mediated host device assignment requires VFIO support')
    : undefined

/** The rate that a timer asks of the host's counter. @throws LibvirtError where the host cannot give it */
export function checkTscFrequency({ settings }: GuestRequest, { own }: StartPlace): void {
  const tsc = own?.type === 'host' ? own.tsc : undefined
  for (const [name, value] of settings) if (name === 'tsc-frequency' && tsc) checkTsc(BigInt(value), tsc)
}

/** Enlightenments as the host has them, where QEMU tells of some. @throws LibvirtError */
export function checkHypervHostModel({ settings }: GuestRequest, { capabilities }: StartPlace): void {
  if (!lastValueOf(settings, HYPERV_HOST_MODEL)) return
  if (listEnlightenments(capabilities.accelerators.get('kvm')?.hyperv).length === 0)
    throw makeUnsupportedError('host-model hyperv mode unsupported, no hyperv capabilities found')
}

/** What of them QEMU's argument says: on POWER there is no choice of the counters. */
export function settingsAt({ choice, capabilities }: StartPlace, settings: CpuProperties): CpuProperties {
  const isPower = architectureOf(choice.arch)?.name === 'ppc64'
  const { hyperv } = capabilities.accelerators.get('kvm') ?? {}
  return settings.flatMap(property => {
    const [name] = property
    if (name === HYPERV_HOST_MODEL) return listEnlightenments(hyperv).map(one => setTo(one, hyperv))
    return name === 'pmu' && isPower ? [] : [property]
  })
}

/** An enlightenment as the host has it: on, or what QEMU passes through. */
function setTo(name: string, hyperv: ReadonlyMap<string, QemuProperty> | undefined): CpuProperties[number] {
  const property = `hv-${name.replace('_', '-')}`
  const value = hyperv?.get(property)
  if (typeof value === 'string') return [property, value]
  return [property, typeof value === 'number' ? `0x${value.toString(16)}` : 'on']
}

/** What only x86 has, or x86 and ARM. */
function refuseForeign(settings: CpuProperties, choice: QemuChoice, family: string | undefined): void {
  const { arch, machine } = choice
  const where = `is not supported for architecture '${arch}' or machine type '${machine?.name}'`
  const has = (name: string) => lastValueOf(settings, name) !== undefined
  if (has('kvm-pv-eoi')) {
    throw makeUnsupportedError(`The 'eoi' attribute of the 'apic' feature ${where}`)
  }
  const windows = settings.some(([name]) => name.startsWith('hv-') && name !== 'hv-time')
  if (windows && family !== 'arm') {
    throw makeUnsupportedError(`Hyperv features ${where.replace('is', 'are')}`)
  }
  if (has('kvm-pv-unhalt')) throw makeUnsupportedError(`The 'pvspinlock' feature ${where}`)
}

/** How far a guest's clock may be off the host's where the host cannot scale it, in parts of a million. */
const TOLERANCE = 250n

function checkTsc(wanted: bigint, { frequency, scaling }: Tsc): void {
  const off = (frequency * TOLERANCE) / 1_000_000n
  const [least, most] = [frequency - off, frequency + off]
  if (scaling !== false || (wanted >= least && wanted <= most)) return
  throw makeUnsupportedError(
    `Requested TSC frequency ${wanted} Hz is outside tolerance range ([${least}, ${most}] Hz) around host ` +
      `frequency ${frequency} Hz and TSC scaling is not supported by the host CPU`,
  )
}
