import type { Cpu } from '../../core/cpu.ts'
import type { Database } from '../../map/database.ts'
import { type Comparison, IDENTICAL, incompatible } from '../driver.ts'

/**
 * libvirt's comparison: any guest will do; another host must be of the same vendor and model. Architecture and
 * features are not looked at.
 */
export function compare(_: Database, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (cpu.type === 'guest') return IDENTICAL
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.vendor === host.vendor && cpu.model === host.model) return IDENTICAL
  const wanted = `vendor ${cpu.vendor ?? '<null>'} or(and) model ${cpu.model ?? '<null>'}`
  return incompatible(`Host CPU model does not match required CPU ${wanted}`)
}
