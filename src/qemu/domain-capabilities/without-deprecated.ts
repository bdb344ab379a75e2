import { type Cpu, updateFeature } from '../../core/cpu.ts'
import type { AcceleratorCapabilities } from '../capabilities.ts'
import type { DomainCapabilities } from './domain-capabilities.ts'

/** Domain capabilities whose host-model turns off every property that QEMU says is deprecated. */
export function withoutDeprecated(
  caps: DomainCapabilities,
  { host }: AcceleratorCapabilities,
): DomainCapabilities {
  const { hostModel } = caps.cpu
  if (!hostModel || !host) return caps
  const features = host.deprecated.reduce<Cpu['features']>(
    (list, name) => updateFeature(list, { name, policy: 'disable' }),
    hostModel.features,
  )
  return { ...caps, cpu: { ...caps.cpu, hostModel: { ...hostModel, features } } }
}
