import { type Cpu, type GuestCpu, isRelative, updateFeature } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { Database } from '../../map/database.ts'
import {
  type Architecture,
  asHost,
  type CpuReading,
  type Driver,
  type FleetCpus,
  IDENTICAL,
  type Overlooked,
} from '../driver.ts'
import { levelsOf, passThrough } from '../model-fold.ts'
import { detectGeneration, GenerationFold, LISTED, viewOfGenerations } from './best.ts'
import { baselineByQemu, compareByQemu } from './hypervisor.ts'
import { Generations, isNewer, MACHINE_FIELDS, MACHINES, type Machine } from './models.ts'

/** libvirt leaves comparison and baseline to QEMU: `hypervisor-cpu-compare` and `hypervisor-cpu-baseline`. */
export const s390x: Architecture = {
  name: 's390',
  arches: ['s390', 's390x'],
  data: { folder: 's390x', lists: { [MACHINES]: MACHINE_FIELDS } },
  create: zDriver,
}

function zDriver(map: CpuMap): Driver {
  const known = once(() => new Generations(map.of('s390x')))
  const fleet = once(() => fleetCpusOfZ(known()))
  return {
    architecture: s390x,
    get db() {
      return known().db
    },
    get view() {
      return viewOfGenerations(known())
    },
    get fleet() {
      return fleet()
    },
    compare: () => IDENTICAL,
    overlooked: (host, cpu) => overlookedByLibvirt(known(), host, cpu),
    update,
    validate,
    throughQemu: { compare: compareByQemu, baseline: baselineByQemu },
    bestDetect: (arch, registers) => detectGeneration(known(), arch, registers),
    bestFold: () => new GenerationFold(known()),
    vendorOfModel: model => (model.startsWith('z') || model.startsWith('gen') ? 'IBM' : undefined),
  }
}

/** What QEMU's own query-cpu-model-comparison calls no superset, and why. */
function overlookedByLibvirt(known: Generations, host: Cpu, cpu: Cpu): Overlooked | undefined {
  const { db } = known
  const isKnown = ({ model = '', features }: Cpu) =>
    known.machineOf(model) !== undefined && features.every(({ name }) => db.features.get(name))
  if (!isKnown(host) || !isKnown(cpu)) return undefined
  const [has, wants] = [known.cpuOf(host), known.cpuOf(cpu)]
  const missing = db.features.in(wants.features.minus(has.features))
  return { missing, newer: isNewer(wants.machine, has.machine) ? wants.machine.name : undefined }
}

/** A guest of mode host-model becomes the host; what it lists itself overrides the host's features or is added. */
function update(guest: GuestCpu, host: Cpu | undefined): GuestCpu {
  if (!isRelative(guest)) return guest
  if (guest.mode === 'custom') {
    const what =
      guest.match === 'minimum'
        ? 'match mode minimum not supported'
        : 'optional CPU features are not supported'
    throw new LibvirtError('unsupported', what)
  }
  const { features, ...made } = asHost(guest, host)
  return { ...made, features: guest.features.reduce(updateFeature, features) }
}

/** @throws LibvirtError for an optional feature; libvirt's text names two policies, and yet all others pass */
function validate(cpu: Cpu): void {
  const optional = cpu.features.find(({ policy }) => policy === 'optional')
  if (!optional) return
  const supported = "only cpu feature policies 'require' and 'disable' are supported"
  throw new LibvirtError('unsupported', `${supported} for ${optional.name}`)
}

/**
 * How fleets look at IBM Z: by features, and by how new the machine is. QEMU gives no guest a model that is newer than
 * its host, even if the host has all of its features, so each generation with its GA counts as a feature that all later
 * machines have.
 */
function fleetCpusOfZ(known: Generations): FleetCpus {
  const { db: plain } = known
  const { table, upTo } = withMachines(plain.features, [...known.machines.values()])
  const models = plain.models.map(model => {
    const machine = known.machineOf(model.name)
    return machine ? { ...model, features: model.features.join(upTo(machine)) } : model
  })
  const bases = models.filter(({ name }) => name.endsWith('-base'))
  const { vendors, families } = plain
  const db = new Database({ features: table, vendors, models, families })
  const listed = table.setOfRegisters(new Map([[LISTED, -1n]])).join(upTo())
  return {
    db,
    levels: levelsOf(
      bases.map(model => ({
        ...model,
        name: levelNameOf(model.name),
        features: model.features.minus(known.spared),
      })),
    ),
    caveat:
      'libvirt compares no hosts of IBM Z and leaves that to QEMU: this is what QEMU\u2019s own comparison answers, without it',
    mixed: 'guests of one vendor do not run on hosts of another',
    read: cpu => readDefinition(known, cpu, upTo, table, listed),
    hostModelHasAll: true,
    predictOffered: passThrough(),
  }
}

/** What people call a machine: `z15` of `gen15a-base`, `z13.2` of `z13.2-base`. */
const levelNameOf = (model: string): string => model.replace(/^gen(\d+)a/, 'z$1').replace(/-base$/, '')

/** @throws LibvirtError for an unknown model */
function readDefinition(
  known: Generations,
  cpu: Cpu,
  upTo: (machine: Machine) => FeatureSet,
  table: FeatureTable,
  listed: FeatureSet,
): CpuReading {
  const unknown = cpu.features.flatMap(({ name }) => (known.db.features.get(name) ? [] : name))
  if (cpu.model === undefined) return { features: FeatureSet.empty, known: FeatureSet.empty, unknown }
  const features = cpu.features.filter(({ name }) => !unknown.includes(name))
  const { machine, features: has } = known.cpuOf({ ...cpu, features })
  if (!machine) throw internalError(`Unknown CPU model ${cpu.model}`)
  return { features: has.join(upTo(machine)), known: cpu.registers ? listed : table.all, unknown }
}

/** The table with a feature for each generation and GA; `upTo` has those up to a machine, or all. */
function withMachines(table: FeatureTable, machines: readonly Machine[]) {
  const levels = machines
    .filter((one, i) => !machines.slice(0, i).some(other => !isNewer(one, other) && !isNewer(other, one)))
    .sort((a, b) => (isNewer(a, b) ? 1 : -1))
  const { table: whole, added } = table.with(
    'MACHINE',
    levels.map(({ name }) => ({ name, order: '<', class: 'platform', title: `A machine as new as ${name}` })),
  )
  const upTo = (machine?: Machine) =>
    added.reduce((set, { bits }, i) => {
      const level = levels[i]
      return machine && level && isNewer(level, machine) ? set : set.join(bits)
    }, FeatureSet.empty)
  return { table: whole, upTo }
}
