import { hex } from '../../core/bits.ts'
import type { Cpu, HostCpu, NamedRegisters } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { AllowedModels, Architecture, Driver } from '../driver.ts'
import { comparePower, PowerFold } from './baseline.ts'
import { CompatFold, fleetCpusOfPower } from './fleet.ts'
import { builtinPowerMap, FIELDS, legacyNames, MODELS, type PowerMap, readPowerMap } from './map.ts'

export const ppc64: Architecture = {
  name: 'ppc64',
  arches: ['ppc64', 'ppc64le'],
  data: { folder: 'ppc64', lists: { [MODELS]: FIELDS } },
  ignoresCase: true,
  hostModelOfHost: true,
  create: powerDriver,
}

function powerDriver({ files, knows }: CpuMap): Driver {
  const map = once((): PowerMap => (files ? readPowerMap(files) : builtinPowerMap(knows)))
  const renamed = once(legacyNames)
  const fleet = once(() => fleetCpusOfPower(map(), convertLegacy))
  const convertLegacy = <C extends Cpu>(cpu: C): C => {
    const now = cpu.model === undefined ? undefined : renamed().get(cpu.model)
    return now === undefined ? cpu : { ...cpu, model: now }
  }
  return {
    architecture: ppc64,
    compare: (host, cpu) => comparePower(map(), host, convertLegacy(cpu)),
    update: guest => (guest.mode === 'custom' ? { ...guest, match: 'exact' } : guest),
    detect: (arch, registers, models) => detectPower(map(), arch, registers, models),
    get fleet() {
      return fleet()
    },
    fold: () => new PowerFold(map()),
    bestFold: () => new CompatFold(map(), fleet()),
    convertLegacy,
    models: () => map().models.map(model => model.name),
    vendorOfModel: name => map().models.find(model => model.name === name)?.vendor,
  }
}

/**
 * The host whose processor version register this is: the first model in map order that claims the value.
 * @throws LibvirtError where none does, or it may not be chosen
 */
function detectPower(
  map: PowerMap,
  arch: string,
  registers: NamedRegisters,
  models?: AllowedModels,
): HostCpu {
  const pvr = Number(BigInt.asUintN(32, registers.get('PVR') ?? 0n))
  const model = map.models.find(({ pvrs }) => pvrs.some(({ value, mask }) => (pvr & mask) >>> 0 === value))
  if (!model) throw new LibvirtError('op-failed', `Cannot find CPU model with PVR 0x${hex(pvr)}`)
  if (models && !models.has(model.name)) {
    throw new LibvirtError('unsupported', `CPU model ${model.name} is not supported by hypervisor`)
  }
  return { type: 'host', arch, detected: true, model: model.name, vendor: model.vendor, features: [] }
}
