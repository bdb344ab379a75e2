import { asGuest, type Cpu } from '../core/cpu.ts'
import { toQemuName } from './names.ts'

/**
 * A guest's CPU as QEMU's `-cpu` takes it: `Skylake-Server-IBRS,vmx=on,rtm=off`. What a policy leaves to the host
 * (`optional`) is not written; a mode without a model is `host` or `max`.
 * @see QEMU, documentation, "QEMU / KVM CPU model configuration"
 */
export function printQemuCpu(cpu: Cpu): string {
  const { model, features } = cpu
  const { mode, migratable } = asGuest(cpu) ?? {}
  const name = mode === 'host-passthrough' ? 'host' : mode === 'maximum' ? 'max' : (model ?? '')
  const properties = features.flatMap(({ name, policy = 'require' }) => {
    if (policy === 'optional') return []
    return `${toQemuName(name)}=${policy === 'disable' || policy === 'forbid' ? 'off' : 'on'}`
  })
  const whole = migratable === undefined ? [] : [`migratable=${migratable ? 'on' : 'off'}`]
  return [name, ...whole, ...properties].join(',')
}
