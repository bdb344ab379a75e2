import { hex } from '../../core/bits.ts'
import type { Cpu, NamedRegisters } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { AllowedModels } from '../driver.ts'
import { powerMapOf } from './models.ts'

/**
 * The host whose processor version register this is: the first model in map order that claims the value.
 * @throws LibvirtError where none does, or it may not be chosen
 */
export function detect(db: Database, arch: string, registers: NamedRegisters, models?: AllowedModels): Cpu {
  const pvr = Number(BigInt.asUintN(32, registers.get('PVR') ?? 0n))
  const model = powerMapOf(db).models.find(({ pvrs }) =>
    pvrs.some(({ value, mask }) => (pvr & mask) >>> 0 === value),
  )
  if (!model) throw new LibvirtError('op-failed', `Cannot find CPU model with PVR 0x${hex(pvr)}`)
  if (models && !models.has(model.name)) {
    throw new LibvirtError('unsupported', `CPU model ${model.name} is not supported by hypervisor`)
  }
  return { type: 'host', arch, mode: 'custom', model: model.name, vendor: model.vendor, features: [] }
}
