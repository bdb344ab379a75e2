import { asGuest, type Cpu, type CpuFeature } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Printer } from '../printer.ts'
import { toQemuName } from './names.ts'

/** QEMU's `-cpu` option. The model's own features are not repeated: QEMU knows them. */
export const qemuCpu: Printer = {
  name: 'qemu',
  title: 'QEMU -cpu',
  omitsModelFeatures: true,
  print(cpu) {
    if (modelOf(cpu) === '') throw new LibvirtError('unsupported', "QEMU's -cpu must name a model")
    return `-cpu ${printQemuCpu(cpu)}\n`
  },
}

/**
 * A guest's CPU as QEMU's `-cpu` takes it: `Skylake-Server-IBRS,vmx=on,rtm=off`. Features that a policy leaves to the
 * host (`optional`) are not written.
 * @param known the properties that QEMU has: turning off another would keep it from starting. Absent: all
 * @param settings what the domain says outside of its CPU
 * @see QEMU, documentation, "QEMU / KVM CPU model configuration"
 */
export function printQemuCpu(
  cpu: Cpu,
  known?: { has(property: string): boolean },
  settings: readonly (readonly [name: string, value: string])[] = [],
): string {
  const { mode, vendorId, migratable } = asGuest(cpu) ?? {}
  const isPassed = mode === 'host-passthrough' || mode === 'maximum'
  return [
    modelOf(cpu),
    ...(isPassed && migratable !== undefined ? [`migratable=${printOnOff(migratable)}`] : []),
    ...(vendorId === undefined ? [] : [`vendor=${vendorId}`]),
    ...cpu.features.flatMap(feature => printFeature(feature, known)),
    ...settings.map(([name, value]) => `${name}=${value}`),
    ...printCache(cpu, isPassed),
    ...printAddressBits(cpu),
  ].join(',')
}

function modelOf(cpu: Cpu): string {
  const mode = asGuest(cpu)?.mode
  return mode === 'host-passthrough' ? 'host' : mode === 'maximum' ? 'max' : (cpu.model ?? '')
}

const printOnOff = (is: boolean): string => (is ? 'on' : 'off')

function printFeature(
  { name, policy = 'require' }: CpuFeature,
  known: { has(property: string): boolean } | undefined,
): string[] {
  const property = toQemuName(name)
  if (policy === 'optional') return []
  if (policy === 'force' || policy === 'require') return [`${property}=on`]
  return !known || known.has(property) ? [`${property}=off`] : []
}

function printCache({ cache }: Cpu, isPassed: boolean): string[] {
  if (!cache) return []
  if (cache.mode === 'passthrough') return ['host-cache-info=on', 'l3-cache=off']
  return [...(isPassed ? ['host-cache-info=off'] : []), `l3-cache=${printOnOff(cache.mode === 'emulate')}`]
}

function printAddressBits({ maxphysaddr }: Cpu): string[] {
  if (!maxphysaddr) return []
  const { mode, bits, limit } = maxphysaddr
  if (mode === 'emulate') return [bits ? `phys-bits=${bits}` : 'host-phys-bits=off']
  return ['host-phys-bits=on', ...(limit === undefined ? [] : [`host-phys-bits-limit=${limit}`])]
}
