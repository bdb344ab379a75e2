import { architectureOf } from '../../arch/registry.ts'
import type { Tsc } from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { hasBehaviour } from '../../core/libvirt-version.ts'
import type { QemuProperty } from '../capabilities.ts'
import type { QemuChoice } from '../choice.ts'
import { listEnlightenments } from '../domain-capabilities/domain-capabilities.ts'
import { type CpuProperties, HYPERV_HOST_MODEL, lastValueOf } from './parse-settings.ts'
import type { StartPlace } from './place.ts'

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/**
 * What libvirt refuses of a domain's features and timers where its architecture or host does not have them.
 * @throws LibvirtError
 */
export function checkSettings(settings: CpuProperties, place: StartPlace): void {
  const { choice, own } = place
  const { arch } = choice
  if (lastValueOf(settings, HYPERV_HOST_MODEL)) checkHypervHostModel(place)
  const family = architectureOf(arch)?.name
  if (family !== 'x86') refuseForeign(settings, choice, family)
  if (family === 'ppc64' && lastValueOf(settings, 'pmu') === 'off') {
    throw makeUnsupportedError(`PMU is always enabled for architecture '${arch}'`)
  }
  const tsc = own?.type === 'host' ? own.tsc : undefined
  for (const [name, value] of settings) if (name === 'tsc-frequency' && tsc) checkTsc(BigInt(value), tsc)
}

function checkHypervHostModel({ libvirt, capabilities }: StartPlace): void {
  if (!hasBehaviour(libvirt, 'hyperv-host-model'))
    throw xmlError("Invalid value for attribute 'mode' in element 'hyperv': 'host-model'.")
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
  const { arch, machine, virttype } = choice
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
  if (has('hv-time')) {
    const guests = `virtType=${virttype} arch=${arch} machine=${machine?.name} guests`
    throw makeUnsupportedError(`Configuring the 'hypervclock' timer is not supported for ${guests}`)
  }
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
