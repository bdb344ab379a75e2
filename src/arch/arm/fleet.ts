import type { Cpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { Database } from '../../map/database.ts'
import type { CpuReading, FleetCpus } from '../driver.ts'
import { passThrough } from '../model-fold.ts'
import { isNeverGiven } from './baseline.ts'
import type { ArmModels } from './models.ts'

/** How fleets look at ARM: by the flags that Linux lists, and by the core, which a running guest sees. */
export function fleetCpusOfArm(known: ArmModels): FleetCpus {
  const table = known.hwcaps()
  const vendors = known.map().vendors.map(({ name }) => ({ name, id: name }))
  const withheld = table.setOf(table.list.filter(({ name }) => isNeverGiven(name)))
  return {
    db: new Database({ features: table, vendors, models: [] }),
    levels: [],
    caveat:
      'libvirt compares ARM hosts by vendor and model alone and has no named model for guests under KVM, which get their ' +
      'host\u2019s CPU (host-passthrough): this is by core, and by the flags that Linux lists',
    mixed:
      'guests see which core they run on, and KVM lets none move to another: give each core a pool of its own',
    read: cpu => readDefinition(known, cpu),
    knowsModel: model => known.cores().some(({ name }) => name.toLowerCase() === model.toLowerCase()),
    predictOffered: passThrough(withheld),
  }
}

function readDefinition(known: ArmModels, cpu: Cpu): CpuReading {
  const table = known.hwcaps()
  const { model, vendor, features: given, registers } = cpu
  const features = known.flagsOf(cpu).minus(table.withOrder('.'))
  // libvirt lists flags of AT_HWCAP up to bit 31, the table's first word; where it lists none it has not read them.
  const byLibvirt = table.all.meet(FeatureSet.of([0xffff_ffff]))
  const told = registers?.has('AT_HWCAP')
    ? table.all
    : given.length > 0
      ? byLibvirt.join(features)
      : FeatureSet.empty
  return {
    features,
    known: told,
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
