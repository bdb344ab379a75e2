import { hex } from '../../core/bits.ts'
import type { Cpu, HostCpu, NamedRegisters } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { dataFile } from '../../map/data.ts'
import { Database } from '../../map/database.ts'
import { parseLevels } from '../../map/levels.ts'
import {
  type AllowedModels,
  type Architecture,
  asHost,
  type Comparison,
  type CpuReading,
  type Driver,
  type FleetCpus,
  IDENTICAL,
  incompatible,
} from '../driver.ts'
import { passThrough } from '../model-fold.ts'
import { FirstFold, isNeverGiven, MeetFold } from './baseline.ts'
import { ArmModels, type FieldStep, isReached, LISTS } from './models.ts'

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

/** How fleets look at ARM: by the flags that Linux lists, by what ID registers tell beside them, and by the core, which a running guest sees. */
function fleetCpusOfArm(known: ArmModels): FleetCpus {
  // What Linux tells by a flag counts as that flag.
  const steps = known.steps().filter(({ field, flag }) => flag === undefined || field.order === '=')
  const { table, added } = known.hwcaps().with(
    'ID',
    steps.map(({ name, field }) => ({
      name,
      order: '&',
      class: field.class,
      title: field.title,
      at: { register: field.register, bit: field.lsb },
    })),
  )
  const vendors = known.map().vendors.map(({ name }) => ({ name, id: name }))
  const withheld = table.setOf([
    ...table.list.filter(({ name }) => isNeverGiven(name)),
    ...added.filter((_, i) => isNeverGiven(steps[i]?.field.name ?? '')),
  ])
  return {
    db: new Database({ features: table, vendors, models: [] }),
    levels: parseLevels(dataFile('arm/levels.txt'), table),
    caveat:
      'libvirt compares ARM hosts by vendor and model alone and has no named model for guests under KVM, which get their ' +
      'host\u2019s CPU (host-passthrough): this is by core, flags that Linux lists, and ID registers',
    mixed:
      'guests see which core they run on, and no QEMU moves them to another: give each core a pool of its own',
    read: cpu => readDefinition(known, cpu, { table, steps, added }),
    knowsModel: model => known.cores().some(({ name }) => name.toLowerCase() === model.toLowerCase()),
    predictOffered: passThrough(withheld),
  }
}

/** What fields of ID registers may come to, as features behind the flags of Linux. */
interface FieldFeatures {
  readonly table: FeatureTable
  readonly steps: readonly FieldStep[]
  /** A feature for each step. */
  readonly added: readonly Feature[]
}

function readDefinition(known: ArmModels, cpu: Cpu, fields: FieldFeatures): CpuReading {
  const table = known.hwcaps()
  const { model, vendor, features: given, registers } = cpu
  const features = known.flagsOf(cpu).minus(table.withOrder('.'))
  // libvirt lists flags of AT_HWCAP up to bit 31, the table's first word; where it lists none it has not read them.
  const byLibvirt = table.all.meet(FeatureSet.of([0xffff_ffff]))
  const told = registers ? known.flagsIn(registers).known : FeatureSet.empty
  const reached = (wanted: boolean) =>
    fields.table.setOf(
      fields.added.filter((_, i) => {
        const step = fields.steps[i]
        return step !== undefined && registers !== undefined && isReached(step, registers) === wanted
      }),
    )
  const [has, lacks] = [reached(true), reached(false)]
  return {
    features: features.join(has),
    known: (told.isEmpty && given.length > 0 ? byLibvirt.join(features) : told).join(has).join(lacks),
    unknown: given.flatMap(({ name }) =>
      table.get(name) || known.map().features.includes(name) ? [] : name,
    ),
    core: cpu.type === 'host' ? coreOf(model, vendor, registers) : undefined,
  }
}

/** `ARM Neoverse-N1`; of a core without a name its number. */
function coreOf(model: string | undefined, vendor = '', registers: Cpu['registers']): string | undefined {
  const midr = registers?.get('MIDR_EL1')
  if (model !== undefined) return [vendor, model].filter(Boolean).join(' ')
  if (midr === undefined) return undefined
  return `implementer 0x${((midr >> 24n) & 0xffn).toString(16)} part 0x${((midr >> 4n) & 0xfffn).toString(16)}`
}
