import { type Cpu, type GuestCpu, required } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'

/**
 * A guest of mode host-model as the custom CPU that the host is: its model, vendor and features.
 * @throws LibvirtError where there is no host
 */
export function asHost(guest: GuestCpu, host: Cpu | undefined): GuestCpu {
  if (!host) throw new LibvirtError('unsupported', 'unknown host CPU model')
  const { model, vendor, features } = host
  return { ...guest, mode: 'custom', match: 'exact', model, vendor, features: features.map(required) }
}
