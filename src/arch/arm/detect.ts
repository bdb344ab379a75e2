import { hex } from '../../core/bits.ts'
import type { Cpu } from '../../core/cpu.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Registers } from '../../core/registers.ts'
import type { Database } from '../../database/database.ts'
import type { AllowedModels } from '../driver.ts'
import { armMapOf } from './models.ts'

/** What bits 0 to 31 of AT_HWCAP are called, in order. libvirt's list ends there. */
const HWCAPS = (
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc ' +
  'dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb paca pacg'
).split(' ')

/**
 * The host whose main ID register and hardware capabilities these are. The model is the first with its part
 * number, whoever made it: a Cortex-A32 (ARM, d01) is told as a Kunpeng-920 of ARM.
 * @throws LibvirtError where the registers cannot have been read, nothing has the part number or the implementer,
 *   or the model may not be chosen
 */
export function detect(db: Database, arch: string, registers: Registers, models?: AllowedModels): Cpu {
  const hwcap = registers.get('AT_HWCAP') ?? 0n
  const features = HWCAPS.filter((_, bit) => (hwcap >> BigInt(bit)) & 1n).map(name => ({ name }))
  if (!features.some(({ name }) => name === 'cpuid')) throw internalError('CPUID registers unavailable')
  const midr = Number(BigInt.asUintN(32, registers.get('MIDR_EL1') ?? 0n))
  const [part, implementer] = [(midr >>> 4) & 0xfff, midr >>> 24]
  const map = armMapOf(db)
  const model = map.models.find(known => known.part === part)
  if (!model) {
    const what = `PVR 0x${hex(part, 3)}, vendor id 0x${hex(implementer, 2)}`
    throw new LibvirtError('op-failed', `Cannot find CPU model with ${what}`)
  }
  if (models && !models.has(model.name)) {
    throw new LibvirtError('unsupported', `CPU model ${model.name} is not supported by hypervisor`)
  }
  const vendor = map.vendors.find(known => known.implementer === implementer)
  if (!vendor && implementer !== 0) {
    throw new LibvirtError('op-failed', `Cannot find CPU vendor with vendor id 0x${hex(implementer, 2)}`)
  }
  return { type: 'host', arch, mode: 'custom', model: model.name, vendor: vendor?.name, features }
}
