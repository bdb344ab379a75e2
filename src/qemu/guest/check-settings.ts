import { architectureOf } from '../../arch/registry.ts'
import type { Tsc } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { QemuChoice } from '../choice.ts'
import type { CpuProperties } from './parse-settings.ts'
import type { StartPlace } from './place.ts'

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/**
 * What libvirt refuses of a domain's features and timers where its architecture or host does not have them.
 * @throws LibvirtError
 */
export function checkSettings(settings: CpuProperties, { choice, own }: StartPlace): void {
  const { arch } = choice
  const family = architectureOf(arch)?.name
  if (family !== 'x86') refuseForeign(settings, choice, family)
  if (family === 'ppc64' && settings.get('pmu') === 'off') {
    throw makeUnsupportedError(`PMU is always enabled for architecture '${arch}'`)
  }
  const frequency = settings.get('tsc-frequency')
  const tsc = own?.type === 'host' ? own.tsc : undefined
  if (frequency !== undefined && tsc) checkTsc(BigInt(frequency), tsc)
}

/** What of them QEMU's argument says: on POWER there is no choice of the counters. */
export function settingsAt({ choice }: StartPlace, settings: CpuProperties): CpuProperties {
  if (architectureOf(choice.arch)?.name !== 'ppc64') return settings
  return new Map([...settings].filter(([name]) => name !== 'pmu'))
}

/** What only x86 has, or x86 and ARM. */
function refuseForeign(settings: CpuProperties, choice: QemuChoice, family: string | undefined): void {
  const { arch, machine, virttype } = choice
  const where = `is not supported for architecture '${arch}' or machine type '${machine?.name}'`
  if (settings.has('kvm-pv-eoi')) {
    throw makeUnsupportedError(`The 'eoi' attribute of the 'apic' feature ${where}`)
  }
  const windows = [...settings.keys()].some(name => name.startsWith('hv-') && name !== 'hv-time')
  if (windows && family !== 'arm') {
    throw makeUnsupportedError(`Hyperv features ${where.replace('is', 'are')}`)
  }
  if (settings.has('kvm-pv-unhalt')) throw makeUnsupportedError(`The 'pvspinlock' feature ${where}`)
  if (settings.has('hv-time')) {
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
