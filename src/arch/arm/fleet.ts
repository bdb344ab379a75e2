import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { dataFile } from '../../map/data.ts'
import { Database } from '../../map/database.ts'
import { parseLevels } from '../../map/levels.ts'
import type { CpuReading, FleetCpus } from '../driver.ts'
import { passThrough } from '../model-fold.ts'
import { isNeverGiven } from './baseline.ts'
import { type ArmModels, type FieldStep, isReached } from './models.ts'

/** How fleets look at ARM: by the flags that Linux lists, by what ID registers tell beside them, and by the core, which a running guest sees. */
export function fleetCpusOfArm(known: ArmModels): FleetCpus {
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
