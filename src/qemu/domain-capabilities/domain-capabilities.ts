import { hasBehaviour } from '../../core/libvirt-version.ts'
import { isObject, member } from '../../formats/json/json.ts'
import { toLibvirtArch, toQemuName } from '../../formats/qemu/names.ts'
import type { QemuProperty, SevCapabilities, SgxCapabilities } from '../capabilities.ts'
import { type CpuModes, findCpuModes } from './cpu-modes.ts'
import { describeDevices } from './devices.ts'
import {
  type DomainRequest,
  type Firmware,
  isArm,
  isPc,
  isS390,
  isVirt,
  makeEnum,
  makeSection,
  type Section,
  type SectionEnum,
  selectNames,
} from './request.ts'

/** Features of a guest beside its CPU, in libvirt's order, up to those that have more to tell. */
export const describeFeatures = (question: DomainRequest): Section[] => {
  const { qemu } = question
  const onAll = hasBehaviour(question.libvirt, 'all-protections')
  return [
    describeGic(question),
    makeSection('vmcoreinfo', qemu.types.has('vmcoreinfo')),
    makeSection('genid', qemu.types.has('vmgenid')),
    makeSection('backingStoreInput', true),
    makeSection('backup', true),
    makeSection('async-teardown', qemu.options.get('run-with')?.has('async-teardown') ?? false),
    ...(isS390(question) || onAll
      ? [makeSection('s390-pv', isS390(question) && hasProtectedGuests(question))]
      : []),
    makeSection('ps2', isPc(question) && (qemu.properties.get('generic-pc-machine')?.has('i8042') ?? false)),
    ...(onAll ? [makeSection('tdx', hasTdx(question))] : []),
  ]
}

/** The versions that the accelerator gives: the kernel under KVM, else QEMU. */
function describeGic(question: DomainRequest): Section {
  const { qemu, accelerator } = question
  const given = (qemu.gic ?? []).filter(gic => (accelerator === 'tcg' ? gic.emulated : gic.kernel))
  const versions = ['2', '3'].filter(version => given.some(gic => String(gic.version) === version))
  return makeSection(
    'gic',
    isArm(question) && isVirt(question) && versions.length > 0,
    makeEnum('version', versions),
  )
}

const hasProtectedGuests = ({ qemu, host }: DomainRequest): boolean =>
  (host.protectedGuests ?? false) && qemu.types.has('s390-pv-guest')

const hasTdx = ({ qemu, host, accelerator }: DomainRequest): boolean =>
  accelerator === 'kvm' && (host.tdx ?? false) && qemu.types.has('tdx-guest')

/** AMD's memory encryption; absent: a guest cannot have it. */
export type Sev = SevCapabilities & Partial<NonNullable<DomainRequest['host']['sev']>>

const describeSev = ({ qemu, host }: DomainRequest): Sev | undefined =>
  qemu.sev && { ...qemu.sev, ...host.sev }

const describeSgx = ({ qemu }: DomainRequest): SgxCapabilities | undefined => qemu.sgx

const ENLIGHTENMENTS =
  'relaxed vapic spinlocks vpindex runtime synic stimer reset vendor_id frequencies reenlightenment tlbflush ipi evmcs avic emsr_bitmap xmm_input'.split(
    ' ',
  )

/** Hyper-V's enlightenments: those of the host's own accelerator, whatever runs the guest. None where QEMU tells none. */
export function describeHyperv({ libvirt, qemu }: DomainRequest): Section[] {
  const accelerators = hasBehaviour(libvirt, 'hyperv-of-kvm')
    ? [qemu.accelerators.get('kvm')]
    : [...qemu.accelerators.values()]
  const { hyperv } = accelerators.find(given => given?.hyperv) ?? {}
  const given = listEnlightenments(hyperv)
  if (given.length === 0 || !hyperv) return []
  const section = makeSection('hyperv', true, makeEnum('features', given))
  const hasDefaults = hyperv.get('hv-spinlocks') !== NO_SPINLOCKS && hasBehaviour(libvirt, 'hyperv-defaults')
  return [hasDefaults ? { ...section, defaults: listDefaults(hyperv) } : section]
}

/** Those that a QEMU can give, in libvirt's names and order. */
export const listEnlightenments = (hyperv: ReadonlyMap<string, QemuProperty> | undefined): string[] =>
  ENLIGHTENMENTS.filter(name => isGiven(hyperv?.get(toQemuName(`hv-${name}`))))

/** The number of retries of a QEMU whose kernel passes nothing through. */
const NO_SPINLOCKS = 0xffff_ffff

/** The values of enlightenments that have some: what QEMU's passthrough of them turns on. */
function listDefaults(hyperv: ReadonlyMap<string, QemuProperty>): NonNullable<Section['defaults']> {
  const onOff = (name: string) => (isGiven(hyperv.get(name)) ? 'on' : 'off')
  return [
    ['spinlocks', Number(hyperv.get('hv-spinlocks') ?? 0)],
    ['stimer_direct', onOff('hv-stimer-direct')],
    ['tlbflush_direct', onOff('hv-tlbflush-direct')],
    ['tlbflush_extended', onOff('hv-tlbflush-ext')],
    ['vendor_id', String(hyperv.get('hv-vendor-id') ?? '')],
  ]
}

/** What is not just on or off is there, even as an empty text. */
const isGiven = (value: QemuProperty | undefined): boolean => value === '' || Boolean(value)

export function describeLaunchSecurity(question: DomainRequest): Section {
  const { types } = question.qemu
  const kinds = selectNames(
    ['sev', question.qemu.sev !== undefined],
    ['sev-snp', question.qemu.sev !== undefined && types.has('sev-snp-guest')],
    ['s390-pv', isS390(question) && canProtectGuests(question)],
    ['tdx', hasTdx(question) && hasBehaviour(question.libvirt, 'all-protections')],
  )
  return makeSection('launchSecurity', kinds.length > 0, makeEnum('sectype', kinds))
}

/** Newer versions ask QEMU alone; `<features>` has the host's part. */
const canProtectGuests = (question: DomainRequest): boolean =>
  hasBehaviour(question.libvirt, 'all-protections')
    ? question.qemu.types.has('s390-pv-guest')
    : hasProtectedGuests(question)

/** What a guest can be given: libvirt's `<domainCapabilities>`. */
export interface DomainCapabilities {
  readonly machine: string
  readonly arch: string
  /** The most vCPUs; absent: QEMU does not say. */
  readonly maxVcpus?: number
  readonly os: BootOptions
  readonly cpu: CpuModes
  readonly memoryBacking: Section
  readonly devices: readonly Section[]
  /** Those before `sev` and `sgx`, and those after them. */
  readonly features: readonly Section[]
  readonly sev?: Sev
  readonly sgx?: SgxCapabilities
  readonly lastFeatures: readonly Section[]
}

/** What a guest can be given. @throws LibvirtError where the host that QEMU tells fits no CPU model */
export function computeDomainCapabilities(question: DomainRequest): DomainCapabilities {
  const { arch, machine } = question
  const [maxVcpus, encryption, enclaves] = [
    findMaxVcpus(question),
    describeSev(question),
    describeSgx(question),
  ]
  return {
    machine,
    arch,
    ...(maxVcpus > 0 && { maxVcpus }),
    os: findBootOptions(question),
    cpu: findCpuModes(question),
    memoryBacking: describeMemoryBacking(question),
    devices: describeDevices(question),
    features: describeFeatures(question),
    ...(encryption && { sev: encryption }),
    ...(enclaves && { sgx: enclaves }),
    lastFeatures: [...describeHyperv(question), describeLaunchSecurity(question)],
  }
}

/** The machine's limit, and under KVM also the kernel's. */
function findMaxVcpus({ with: { machines }, machine, accelerator, host }: DomainRequest): number {
  const limit = machines.find(({ name }) => name === machine)?.maxCpus ?? 0
  return accelerator === 'kvm' ? Math.min(limit, host.kvmMaxVcpus ?? limit) : limit
}

const describeMemoryBacking = ({ qemu }: DomainRequest): Section =>
  makeSection(
    'memoryBacking',
    true,
    makeEnum('sourceType', [
      'file',
      'anonymous',
      ...selectNames(['memfd', qemu.types.has('memory-backend-memfd')]),
    ]),
  )

/** How a guest can be booted. */
export interface BootOptions {
  readonly firmware: SectionEnum
  /** Images that can be loaded. */
  readonly loaders: readonly string[]
  readonly loader: readonly SectionEnum[]
  /** What firmware can be asked to have; absent: this libvirt does not say. */
  readonly features?: readonly SectionEnum[]
}

export function findBootOptions(question: DomainRequest): BootOptions {
  const { host } = question
  const fitting = (host.firmware ?? []).filter(firmware => isForGuest(firmware, question))
  const speaks = (name: string): boolean => fitting.some(({ interfaces }) => interfaces.includes(name))
  const isSecure = fitting.some(
    ({ features }) => features.includes('secure-boot') && features.includes('requires-smm'),
  )
  const has = (feature: string): SectionEnum['values'] =>
    selectNames(
      ['yes', fitting.some(({ features }) => features.includes(feature))],
      ['no', fitting.some(({ features }) => !features.includes(feature))],
    )
  const described = new Set(fitting.map(({ path }) => path))
  return {
    firmware: makeEnum('firmware', selectNames(['bios', speaks('bios')], ['efi', speaks('uefi')])),
    loaders: host.loaders ?? (described.size > 0 ? [...described] : (host.defaultLoaders ?? [])),
    loader: [
      makeEnum('type', ['rom', 'pflash']),
      makeEnum('readonly', ['yes', 'no']),
      makeEnum('secure', selectNames(['yes', isSecure], ['no', true])),
    ],
    ...(hasBehaviour(question.libvirt, 'firmware-features') && {
      features: [makeEnum('secureBoot', has('secure-boot')), makeEnum('enrolledKeys', has('enrolled-keys'))],
    }),
  }
}

const isForGuest = ({ targets }: Firmware, { arch, machine }: DomainRequest): boolean =>
  targets.some(
    ({ architecture, machines }) =>
      toLibvirtArch(architecture) === arch && machines.some(pattern => matchesMachine(pattern, machine)),
  )

/** `*` is any text, `?` any character. */
function matchesMachine(pattern: string, machine: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${escaped}$`).test(machine)
}

/**
 * The description of an installed firmware. Undefined for one that QEMU does not load as a file of its own, and for
 * what is no description.
 * @see QEMU, docs/interop/firmware.json
 */
export function parseFirmware(value: unknown): Firmware | undefined {
  const mapping = member(value, 'mapping')
  const path = findPath(mapping)
  const interfaces = texts(member(value, 'interface-types'))
  const targets = list(member(value, 'targets')).filter(isObject)
  if (path === undefined || interfaces.length === 0) return undefined
  return {
    path,
    interfaces,
    targets: targets.map(target => ({
      architecture: String(member(target, 'architecture')),
      machines: texts(member(target, 'machines')),
    })),
    features: texts(member(value, 'features')),
  }
}

/** Of flash, the part that is run; of memory and kernel, the file. */
function findPath(mapping: unknown): string | undefined {
  const path = member(member(mapping, 'executable'), 'filename') ?? member(mapping, 'filename')
  return typeof path === 'string' ? path : undefined
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const texts = (value: unknown): string[] => list(value).filter(item => typeof item === 'string')
