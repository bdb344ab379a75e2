import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import { oneOf, readFlag, requiredUnsigned } from '../../formats/libvirt/attributes.ts'
import { parseBytes } from '../../formats/libvirt/parse-numa.ts'
import { child, children, type Element, requiredAttribute, textOf } from '../../xml/element.ts'
import type { Timer } from './parse-devices.ts'

/** A property of QEMU's CPU: `hv-relaxed` → `on`. */
type Property = readonly [name: string, value: string]

/** Properties of QEMU's CPU in the order of its argument. A timer that stands twice is there twice: QEMU takes the last. */
export type CpuProperties = readonly Property[]

/** The value of a property that counts; undefined where it is not set. */
export const lastValueOf = (properties: CpuProperties, name: string): string | undefined =>
  properties.findLast(([known]) => known === name)?.[1]

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/** What a `<domain>` says in its `<features>`. */
export interface DomainFeatures {
  /** What of them QEMU's CPU is told. */
  readonly properties: CpuProperties
  /** The names of those that are there and say something, in the order of the document. */
  readonly names: readonly string[]
  /** Bytes of memory for system management; absent: the machine's own size. */
  readonly tseg?: bigint | undefined
  /** Whether there is system management; absent: the machine's own choice. */
  readonly smm?: 'on' | 'off' | undefined
  /** What emulates the I/O APIC: `kvm` or `qemu`; absent: libvirt's choice. */
  readonly ioapic?: string | undefined
}

/** What stands twice counts as it stands last. @throws LibvirtError with libvirt's kind and text */
export function parseDomainFeatures(domain: Element, libvirt: LibvirtVersion): DomainFeatures {
  const features = child(domain, 'features')
  const elements = features ? children(features) : []
  const found = new Map<string, Property[]>()
  for (const element of elements) {
    const parse = Object.hasOwn(FEATURES, element.name) ? FEATURES[element.name] : undefined
    if (!parse) throw makeUnsupportedError(`unexpected feature '${element.name}'`)
    found.set(element.name, parse(element, libvirt))
  }
  const smm = elements.findLast(({ name }) => name === 'smm')
  return {
    properties: ORDER.flatMap(name => found.get(name) ?? []),
    names: elements.filter(saysSomething).map(({ name }) => name),
    tseg: parseTseg(elements.filter(({ name }) => name === 'smm')),
    smm: smm && (parseSwitch(smm) ? 'on' : 'off'),
    ioapic: elements.findLast(({ name }) => name === 'ioapic')?.attributes.driver,
  }
}

/** The features that QEMU's CPU is told of, in the order of its argument. */
const ORDER = ['apic', 'pvspinlock', 'hyperv', 'kvm', 'pmu']

/** What the timers of a domain tell QEMU's CPU. */
export const listTimerProperties = (timers: readonly Timer[]): Property[] =>
  timers.flatMap(({ name, present, frequency }): Property[] => {
    if (name === 'kvmclock') return listSwitch('kvmclock', present)
    if (name === 'hypervclock') return present ? [['hv-time', 'on']] : []
    return name === 'tsc' && frequency ? [['tsc-frequency', String(frequency)]] : []
  })

const listSwitch = (name: string, is: boolean | undefined): Property[] =>
  is === undefined ? [] : [[name, is ? 'on' : 'off']]

type ParseFeature = (element: Element, libvirt: LibvirtVersion) => Property[]

/** A feature that is on where it is there and does not say otherwise. */
const parseSwitch = (element: Element): boolean => readFlag(element, 'state', 'on', 'off') ?? true

/** Nothing of it is QEMU's CPU's; its attribute has one of these values. */
const one =
  (name: string, values: readonly string[], isRequired = false): ParseFeature =>
  element => {
    if (isRequired) requiredAttribute(element, name)
    oneOf(element, name, values)
    return []
  }

const none: ParseFeature = () => []
const state = one('state', ['on', 'off'])
const requiredState = one('state', ['on', 'off'], true)
const workaround = one('value', ['broken', 'workaround', 'fixed'])

/** Every feature that a domain may have. */
const FEATURES: Readonly<Record<string, ParseFeature>> = {
  acpi: none,
  pae: none,
  viridian: none,
  privnet: none,
  apic: element => listSwitch('kvm-pv-eoi', readFlag(element, 'eoi', 'on', 'off')),
  pvspinlock: element => listSwitch('kvm-pv-unhalt', parseSwitch(element)),
  pmu: element => listSwitch('pmu', parseSwitch(element)),
  hyperv: parseHyperv,
  kvm: parseKvm,
  xen: parseXen,
  hap: state,
  vmport: state,
  vmcoreinfo: state,
  smm: state,
  capabilities: one('policy', ['default', 'allow', 'deny']),
  gic: one('version', ['host', '2', '3']),
  ioapic: one('driver', ['kvm', 'qemu']),
  hpt: one('resizing', ['enabled', 'disabled', 'required']),
  htm: requiredState,
  'nested-hv': requiredState,
  'ccf-assist': requiredState,
  ras: requiredState,
  ps2: requiredState,
  msrs: one('unknown', ['ignore', 'fault'], true),
  cfpc: workaround,
  sbbc: workaround,
  ibs: one('value', ['broken', 'workaround', 'fixed-ibs', 'fixed-ccd', 'fixed-na']),
  'async-teardown': one('enabled', ['yes', 'no']),
  aia: one('value', ['none', 'aplic', 'aplic-imsic']),
  tcg: parseTcg,
}

/** Some features do not count without the attribute that they are there for. */
const saysSomething = (element: Element): boolean => {
  const { name, attributes } = element
  if (name === 'tcg') return child(element, 'tb-cache') !== undefined
  if (name === 'hpt') return attributes.resizing !== undefined
  return !['cfpc', 'sbbc', 'ibs', 'aia'].includes(name) || attributes.value !== undefined
}

function parseTcg(tcg: Element): Property[] {
  const cache = child(tcg, 'tb-cache')
  if (cache) parseBytes(textOf(cache), cache.attributes.unit ?? '', './tb-cache')
  return []
}

/** Of mebibytes where it says nothing else; system management that is off has none. */
function parseTseg(all: readonly Element[]): bigint | undefined {
  const tseg = all.flatMap(smm => children(smm, 'tseg'))[0]
  const last = all.at(-1)
  if (!tseg || !last || !parseSwitch(last)) return undefined
  return parseBytes(textOf(tseg), tseg.attributes.unit ?? 'MiB', 'string(./features/smm/tseg)')
}

/** Stands for all enlightenments that the host has: no property of QEMU's. */
export const HYPERV_HOST_MODEL = 'hv-host-model'

/** Hyper-V's enlightenments in libvirt's order. */
const ENLIGHTENMENTS =
  'relaxed vapic spinlocks vpindex runtime synic stimer reset vendor_id frequencies reenlightenment tlbflush ipi evmcs avic emsr_bitmap xmm_input'.split(
    ' ',
  )

/** What some of them have inside, and QEMU's name of it. */
const DETAILS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  stimer: { direct: 'hv-stimer-direct' },
  tlbflush: { direct: 'hv-tlbflush-direct', extended: 'hv-tlbflush-ext' },
}

function parseHyperv(hyperv: Element, libvirt: LibvirtVersion): Property[] {
  const newer = hasBehaviour(libvirt, 'hyperv-host-model') ? (['host-model'] as const) : []
  const mode = oneOf(hyperv, 'mode', ['custom', 'passthrough', ...newer])
  if (mode === 'passthrough') return [['hv-passthrough', 'on']]
  if (mode === 'host-model') return [[HYPERV_HOST_MODEL, 'on']]
  const found = new Map<string, Property[]>()
  for (const element of children(hyperv)) {
    if (!ENLIGHTENMENTS.includes(element.name)) {
      throw makeUnsupportedError(`unsupported HyperV Enlightenment feature: ${element.name}`)
    }
    found.set(element.name, isOn(element) ? printEnlightenment(element, libvirt) : [])
  }
  return ENLIGHTENMENTS.flatMap(name => found.get(name) ?? [])
}

function isOn(element: Element): boolean {
  requiredAttribute(element, 'state')
  return readFlag(element, 'state', 'on', 'off') === true
}

function printEnlightenment(element: Element, libvirt: LibvirtVersion): Property[] {
  const { name } = element
  if (name === 'spinlocks') return [['hv-spinlocks', `0x${parseRetries(element, libvirt).toString(16)}`]]
  if (name === 'vendor_id') return [['hv-vendor-id', parseVendorId(element)]]
  const details = Object.entries(DETAILS[name] ?? {}).flatMap(([inner, property]): Property[] => {
    const found = child(element, inner)
    return found && isOn(found) ? [[property, 'on']] : []
  })
  return [[`hv-${name.replace('_', '-')}`, 'on'], ...details]
}

/** Absent where that may be: a guest never gives up. */
const NEVER = 0xffff_ffff

function parseRetries(element: Element, libvirt: LibvirtVersion): number {
  if (element.attributes.retries === undefined && hasBehaviour(libvirt, 'spinlock-retries')) return NEVER
  const retries = requiredUnsigned(element, 'retries')
  if (retries < 4095) throw xmlError('HyperV spinlock retry count must be at least 4095')
  return retries
}

function parseVendorId({ attributes }: Element): string {
  const { value } = attributes
  if (value === undefined) throw xmlError("missing 'value' attribute for HyperV feature 'vendor_id'")
  if (value.length > 12) throw xmlError('HyperV vendor_id value must not be more than 12 characters.')
  if (value.includes(',')) throw xmlError('HyperV vendor_id value is invalid')
  return value
}

/** KVM's features in libvirt's order, with what `on` and `off` mean to QEMU. */
const KVM: Readonly<Record<string, { readonly on?: Property; readonly off?: Property }>> = {
  hidden: { on: ['kvm', 'off'] },
  'hint-dedicated': { on: ['kvm-hint-dedicated', 'on'] },
  'poll-control': { on: ['kvm-poll-control', 'on'] },
  'pv-ipi': { off: ['kvm-pv-ipi', 'off'] },
  'dirty-ring': {},
}

function parseKvm(kvm: Element): Property[] {
  const states = new Map<string, boolean>()
  for (const element of children(kvm)) {
    if (!Object.hasOwn(KVM, element.name))
      throw makeUnsupportedError(`unsupported KVM feature: ${element.name}`)
    const is = isOn(element)
    if (is && element.name === 'dirty-ring') checkRing(element)
    states.set(element.name, is)
  }
  return Object.entries(KVM).flatMap(([name, { on, off }]) => {
    const state = states.get(name)
    const property = state === undefined ? undefined : state ? on : off
    return property ? [property] : []
  })
}

function checkRing(element: Element): void {
  const size = requiredUnsigned(element, 'size')
  if (size >= 1024 && size <= 65536 && Number.isInteger(Math.log2(size))) return
  throw xmlError('dirty ring must be power of 2 and ranges [1024, 65536]')
}

function parseXen(xen: Element): Property[] {
  for (const element of children(xen)) {
    if (!['e820_host', 'passthrough'].includes(element.name))
      throw makeUnsupportedError(`unsupported Xen feature: ${element.name}`)
    isOn(element)
  }
  return []
}
