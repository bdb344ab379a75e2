import { hex } from '../../core/bits.ts'
import type { Cpu, GuestCpu, HostCpu, NamedRegisters } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { FeatureTable } from '../../core/feature-table.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { Model } from '../../core/model.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { Database } from '../../map/database.ts'
import type {
  AllowedModels,
  Architecture,
  CpuReading,
  Driver,
  FeatureView,
  FleetCpus,
  Fold,
} from '../driver.ts'
import { levelsOf, passThrough } from '../model-fold.ts'
import {
  builtinPowerMap,
  comparePower,
  FIELDS,
  legacyNames,
  MODELS,
  PowerFold,
  type PowerMap,
  type PowerModel,
  readPowerMap,
} from './map.ts'

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

const WORD = { kind: 'named', name: 'PCR', offset: 0 } as const

/** The compatibility mode that a guest may be given, as libvirt and QEMU spell it. */
const modeOf = (level: number): string => `power${level}`

/**
 * How fleets look at POWER: by the compatibility modes of the processor compatibility register. A processor has its own
 * mode and those of the older ones that we know; a guest in one of them moves to every host that has it.
 */
function fleetCpusOfPower({ models, vendors }: PowerMap, convert: (cpu: Cpu) => Cpu): FleetCpus {
  const levels = [...new Set(models.flatMap(({ level }) => level ?? []))].sort((a, b) => a - b)
  const features = levels.map(
    (level, i): Feature => ({
      name: modeOf(level),
      index: i,
      bits: FeatureSet.of([1 << i]),
      place: WORD,
      bit: i,
      migratable: true,
      order: '<',
      class: 'performance',
      title: `Compatibility mode of POWER${level}`,
    }),
  )
  const table = new FeatureTable(features, [WORD])
  const upTo = (most: number) => table.setOf(features.filter((_, i) => (levels[i] ?? most) <= most))
  const modes = levels.map((level, index) => ({ ...modelOf(modeOf(level), index), features: upTo(level) }))
  const db = new Database({
    features: table,
    vendors: vendors.map(name => ({ name, id: name })),
    models: modes,
  })
  return {
    db,
    levels: levelsOf(modes),
    caveat:
      'libvirt and cpu-compare know equal POWER models alone: this is by the compatibility modes that QEMU gives guests ' +
      '(mode host-model with the model power9 and the like)',
    mixed: 'guests move between vendors of POWER in no mode',
    read: cpu => readDefinition(models, convert(cpu), upTo),
    modelsAreModes: true,
    predictOffered: passThrough(),
  }
}

const modelOf = (name: string, index: number): Model => ({
  name,
  index,
  features: FeatureSet.empty,
  signatures: [],
  decode: { host: false, guest: true },
  compat: false,
  removed: [],
  added: [],
})

/** @throws LibvirtError for an unknown model or mode */
function readDefinition(
  models: readonly PowerModel[],
  { model, features }: Cpu,
  upTo: (level: number) => FeatureSet,
): CpuReading {
  const unknown = features.map(({ name }) => name)
  if (model === undefined) return { features: FeatureSet.empty, known: FeatureSet.empty, unknown }
  const known = models.find(({ name, level }) => name === model || (level && modeOf(level) === model))
  if (!known) throw internalError(`Unknown CPU model ${model}`)
  const all = upTo(Number.POSITIVE_INFINITY)
  return { features: upTo(known.level ?? 0), known: all, unknown }
}

/**
 * Beyond libvirt: of processors of different models the compatibility mode of the oldest, which all of them have; its
 * guests are of mode host-model, which is how libvirt asks for it.
 */
class CompatFold implements Fold {
  readonly view: FeatureView
  readonly #cpus: FleetCpus
  readonly #map: PowerMap
  readonly #models = new Set<string>()
  readonly #vendors = new Set<string>()
  #common: FeatureSet | undefined

  constructor(map: PowerMap, cpus: FleetCpus) {
    this.#map = map
    this.#cpus = cpus
    this.view = { table: cpus.db.features, of: cpu => cpus.read(cpu).features }
  }

  get models(): readonly string[] {
    return [...this.#models]
  }

  get vendors(): readonly string[] {
    return [...this.#vendors].sort()
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const features = this.view.of(cpu)
    this.#common = this.#common?.meet(features) ?? features
    if (cpu.model !== undefined) this.#models.add(cpu.model)
    const vendor = cpu.vendor ?? this.#map.models.find(({ name }) => name === cpu.model)?.vendor
    if (vendor !== undefined) this.#vendors.add(vendor)
  }

  /** @throws LibvirtError where there is no mode that all have */
  result(): GuestCpu {
    const mode = this.#cpus.db.models.findLast(({ features }) => features.leq(this.common))
    if (!mode) throw new LibvirtError('op-failed', 'CPUs are incompatible')
    return { type: 'guest', mode: 'host-model', model: mode.name, fallback: 'forbid', features: [] }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** QEMU gives a guest the mode that it is asked for, whatever its host. */
  get obstacles() {
    return { hideWith: [], fixed: [], conflicts: [], models: [] }
  }
}
