import type { Cpu, CpuFeature, GuestCpu } from '../../core/cpu.ts'
import type { HostExpansion } from '../capabilities.ts'
import { toQemuName } from '../names.ts'

/**
 * QEMU's `-cpu` for a guest's CPU that libvirt has made definite.
 * @param host says which features QEMU knows: to turn off one that it does not would keep it from starting
 */
export function printCpuArgument(cpu: GuestCpu, host: HostExpansion | undefined): string {
  const { mode, vendorId, migratable } = cpu
  const isPassed = mode === 'host-passthrough' || mode === 'maximum'
  return [
    mode === 'host-passthrough' ? 'host' : mode === 'maximum' ? 'max' : (cpu.model ?? ''),
    ...(isPassed && migratable !== undefined ? [`migratable=${printOnOff(migratable)}`] : []),
    ...(vendorId === undefined ? [] : [`vendor=${vendorId}`]),
    ...cpu.features.flatMap(feature => printFeature(feature, host)),
    ...printCache(cpu, isPassed),
    ...printAddressBits(cpu),
  ].join(',')
}

const printOnOff = (is: boolean): string => (is ? 'on' : 'off')

function printFeature({ name, policy }: CpuFeature, host: HostExpansion | undefined): string[] {
  const qemu = toQemuName(name)
  if (policy === 'force' || policy === 'require') return [`${qemu}=on`]
  if (policy === 'optional') return []
  return !host || host.properties.has(qemu) ? [`${qemu}=off`] : []
}

function printCache({ cache }: Cpu, isPassed: boolean): string[] {
  if (!cache) return []
  if (cache.mode === 'passthrough') return ['host-cache-info=on', 'l3-cache=off']
  return [...(isPassed ? ['host-cache-info=off'] : []), `l3-cache=${printOnOff(cache.mode === 'emulate')}`]
}

function printAddressBits({ maxphysaddr }: Cpu): string[] {
  if (!maxphysaddr) return []
  const { mode, bits, limit } = maxphysaddr
  if (mode === 'emulate') return [bits === undefined ? 'host-phys-bits=off' : `phys-bits=${bits}`]
  return ['host-phys-bits=on', ...(limit === undefined ? [] : [`host-phys-bits-limit=${limit}`])]
}
