import { hex } from '../../core/bits.ts'
import type { Cpu, HostCpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import {
  type AllowedModels,
  type Architecture,
  asHost,
  type Comparison,
  type Driver,
  IDENTICAL,
  incompatible,
} from '../driver.ts'
import { FirstFold, MeetFold } from './baseline.ts'
import { fleetCpusOfArm } from './fleet.ts'
import { ArmModels, LISTS } from './models.ts'

export const arm: Architecture = {
  name: 'arm',
  arches: ['armv6l', 'armv7b', 'armv7l', 'aarch64'],
  data: { folder: 'arm', lists: LISTS },
  create: armDriver,
}

function armDriver(map: CpuMap): Driver {
  const models = new ArmModels(map)
  const fleet = once(() => fleetCpusOfArm(models))
  return {
    architecture: arm,
    get view() {
      return models.view
    },
    get fleet() {
      return fleet()
    },
    compare: compareArm,
    overlooked: (host, cpu) =>
      cpu.type === 'host'
        ? { missing: models.hwcaps().in(models.flagsOf(cpu).minus(models.flagsOf(host))) }
        : undefined,
    update: (guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
    detect: (arch, registers, allowed) => detectArm(models, arch, registers, allowed),
    bestDetect: (arch, registers) => bestDetectArm(models, arch, registers),
    flagPlace: flag => models.hwcaps().placeInRegister(flag),
    fold: () => new FirstFold(),
    bestFold: () => new MeetFold(models),
    validate: cpu => validate(models, cpu),
  }
}

/**
 * libvirt's comparison: any guest will do; another host must be of the same vendor and model. Architecture and
 * features are not looked at.
 */
function compareArm(host: Cpu | undefined, cpu: Cpu): Comparison {
  if (cpu.type === 'guest') return IDENTICAL
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.vendor === host.vendor && cpu.model === host.model) return IDENTICAL
  const wanted = `vendor ${cpu.vendor ?? '<null>'} or(and) model ${cpu.model ?? '<null>'}`
  return incompatible(`Host CPU model does not match required CPU ${wanted}`)
}

/** @throws LibvirtError for the first feature that the map does not have */
function validate(models: ArmModels, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !models.map().features.includes(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}

/**
 * The host whose main ID register and hardware capabilities these are. The model is the first with its part
 * number, whoever made it: a Cortex-A32 (ARM, d01) is reported as a Kunpeng-920 of ARM.
 * @throws LibvirtError where the registers cannot have been read, nothing has the part number or the implementer,
 *   or the model may not be chosen
 */
function detectArm(
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
function bestDetectArm(known: ArmModels, arch: string, registers: NamedRegisters): HostCpu {
  const midr = registers.get('MIDR_EL1')
  if (midr === undefined) throw internalError('CPUID registers unavailable')
  const [part, implementer] = [Number((midr >> 4n) & 0xfffn), Number((midr >> 24n) & 0xffn)]
  const ofMaker = known.cores().filter(({ vendor }) => vendor?.implementer === implementer)
  const core = ofMaker.find(one => one.part === part)
  const vendor = ofMaker[0]?.vendor
  const table = known.hwcaps()
  const features = table.in(known.flagsIn(registers).has)
  return {
    type: 'host',
    arch,
    detected: true,
    model: core?.name,
    vendor: vendor?.name,
    features: features.map(({ name }) => ({ name })),
  }
}
