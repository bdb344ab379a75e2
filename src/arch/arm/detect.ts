import { hex } from '../../core/bits.ts'
import type { HostCpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { AllowedModels } from '../driver.ts'
import { setOfRegisters } from '../named-registers.ts'
import type { ArmModels } from './models.ts'

/**
 * The host whose main ID register and hardware capabilities these are. The model is the first with its part
 * number, whoever made it: a Cortex-A32 (ARM, d01) is reported as a Kunpeng-920 of ARM.
 * @throws LibvirtError where the registers cannot have been read, nothing has the part number or the implementer,
 *   or the model may not be chosen
 */
export function detectArm(
  known: ArmModels,
  arch: string,
  registers: NamedRegisters,
  models?: AllowedModels,
): HostCpu {
  const hwcap = Number(BigInt.asUintN(32, registers.get('AT_HWCAP') ?? 0n)) // libvirt's list ends with bit 31
  const features = known
    .hwcaps()
    .in(FeatureSet.of([hwcap]))
    .map(({ name }) => ({ name }))
  if (!features.some(({ name }) => name === 'cpuid')) throw internalError('CPUID registers unavailable')
  const midr = Number(BigInt.asUintN(32, registers.get('MIDR_EL1') ?? 0n))
  const [part, implementer] = [(midr >>> 4) & 0xfff, midr >>> 24]
  const map = known.map()
  const model = map.models.find(core => core.part === part)
  if (!model) {
    const what = `PVR 0x${hex(part, 3)}, vendor id 0x${hex(implementer, 2)}`
    throw new LibvirtError('op-failed', `Cannot find CPU model with ${what}`)
  }
  if (models && !models.has(model.name)) {
    throw new LibvirtError('unsupported', `CPU model ${model.name} is not supported by hypervisor`)
  }
  const vendor = map.vendors.find(maker => maker.implementer === implementer)
  if (!vendor && implementer !== 0) {
    throw new LibvirtError('op-failed', `Cannot find CPU vendor with vendor id 0x${hex(implementer, 2)}`)
  }
  return { type: 'host', arch, detected: true, model: model.name, vendor: vendor?.name, features }
}

/**
 * Beyond libvirt: the core by implementer and part number, and all flags, those of AT_HWCAP2 too. A core without a known
 * name has no model; a machine whose kernel hides the ID registers is detected too.
 * @throws LibvirtError where there is no MIDR_EL1
 */
export function bestDetectArm(known: ArmModels, arch: string, registers: NamedRegisters): HostCpu {
  const midr = registers.get('MIDR_EL1')
  if (midr === undefined) throw internalError('CPUID registers unavailable')
  const [part, implementer] = [Number((midr >> 4n) & 0xfffn), Number((midr >> 24n) & 0xffn)]
  const ofMaker = known.cores().filter(({ vendor }) => vendor?.implementer === implementer)
  const core = ofMaker.find(one => one.part === part)
  const vendor = ofMaker[0]?.vendor
  const table = known.hwcaps()
  const features = table.in(setOfRegisters(table, registers))
  return {
    type: 'host',
    arch,
    detected: true,
    model: core?.name,
    vendor: vendor?.name,
    features: features.map(({ name }) => ({ name })),
  }
}
