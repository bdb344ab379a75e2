import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { oneOf, readFlag, requiredUnsigned, unsigned64 } from '../../formats/libvirt/attributes.ts'
import { child, children, type Element, requiredAttribute } from '../../xml/element.ts'

/** A property of QEMU's CPU: `hv-relaxed` → `on`. */
type Property = readonly [name: string, value: string]

/** Properties of QEMU's CPU in the order of its argument. A timer that stands twice is there twice: QEMU takes the last. */
export type CpuProperties = readonly Property[]

/** The value of a property that counts; undefined where it is not set. */
export const lastValueOf = (properties: CpuProperties, name: string): string | undefined =>
  properties.findLast(([known]) => known === name)?.[1]

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/**
 * What a `<domain>` says of its guest's CPU outside of `<cpu>`, in its clock and features.
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseCpuSettings(domain: Element): CpuProperties {
  const clock = child(domain, 'clock')
  const features = child(domain, 'features')
  const apic = features && child(features, 'apic')
  const hyperv = features && child(features, 'hyperv')
  const kvm = features && child(features, 'kvm')
  return [
    ...(clock ? children(clock, 'timer').flatMap(parseTimer) : []),
    ...listSwitch('kvm-pv-eoi', apic && readFlag(apic, 'eoi', 'on', 'off')),
    ...listSwitch('kvm-pv-unhalt', parseSwitch(features, 'pvspinlock')),
    ...(hyperv ? parseHyperv(hyperv) : []),
    ...(kvm ? parseKvm(kvm) : []),
    ...listSwitch('pmu', parseSwitch(features, 'pmu')),
  ]
}

const listSwitch = (name: string, is: boolean | undefined): Property[] =>
  is === undefined ? [] : [[name, is ? 'on' : 'off']]

/** A feature that is on where it is there and does not say otherwise. */
function parseSwitch(features: Element | undefined, name: string): boolean | undefined {
  const element = features && child(features, name)
  return element && (readFlag(element, 'state', 'on', 'off') ?? true)
}

const TIMERS = ['platform', 'pit', 'rtc', 'hpet', 'tsc', 'kvmclock', 'hypervclock', 'armvtimer'] as const

function parseTimer(timer: Element): Property[] {
  requiredAttribute(timer, 'name')
  const name = oneOf(timer, 'name', TIMERS)
  const present = readFlag(timer, 'present', 'yes', 'no')
  if (name === 'kvmclock') return listSwitch('kvmclock', present)
  if (name === 'hypervclock') return present ? [['hv-time', 'on']] : []
  if (name !== 'tsc' || timer.attributes.frequency === undefined) return []
  const frequency = unsigned64(timer, 'frequency')
  return frequency > 0n ? [['tsc-frequency', String(frequency)]] : []
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

function parseHyperv(hyperv: Element): Property[] {
  const mode = oneOf(hyperv, 'mode', ['custom', 'passthrough', 'host-model'])
  if (mode === 'passthrough') return [['hv-passthrough', 'on']]
  if (mode === 'host-model') return [[HYPERV_HOST_MODEL, 'on']]
  const on = new Map<string, Element>()
  for (const element of children(hyperv)) {
    if (!ENLIGHTENMENTS.includes(element.name)) {
      throw makeUnsupportedError(`unsupported HyperV Enlightenment feature: ${element.name}`)
    }
    if (isOn(element)) on.set(element.name, element)
  }
  return ENLIGHTENMENTS.flatMap(name => {
    const element = on.get(name)
    return element ? printEnlightenment(element) : []
  })
}

function isOn(element: Element): boolean {
  requiredAttribute(element, 'state')
  return readFlag(element, 'state', 'on', 'off') === true
}

function printEnlightenment(element: Element): Property[] {
  const { name } = element
  if (name === 'spinlocks') return [['hv-spinlocks', `0x${parseRetries(element).toString(16)}`]]
  if (name === 'vendor_id') return [['hv-vendor-id', parseVendorId(element)]]
  const details = Object.entries(DETAILS[name] ?? {}).flatMap(([inner, property]): Property[] => {
    const found = child(element, inner)
    return found && isOn(found) ? [[property, 'on']] : []
  })
  return [[`hv-${name.replace('_', '-')}`, 'on'], ...details]
}

function parseRetries(element: Element): number {
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
    states.set(element.name, isOn(element))
  }
  return Object.entries(KVM).flatMap(([name, { on, off }]) => {
    const state = states.get(name)
    const property = state === undefined ? undefined : state ? on : off
    return property ? [property] : []
  })
}
