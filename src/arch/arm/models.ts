import type { Cpu } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Field } from '../../core/field.ts'
import { once } from '../../core/once.ts'
import { buildTables } from '../../map/build-table.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { dataFile, readData } from '../../map/data.ts'
import { faultIn } from '../../map/text/data-file.ts'
import { hexOf, parseModelList } from '../../map/text/model-list.ts'
import { parseFeatures } from '../../map/text/parse-features.ts'
import type { FeatureView } from '../driver.ts'
import { type ArmMap, type ArmModel, readArmMap } from './map.ts'

/** The files of our cores: libvirt's, and others. */
const [MODELS, CORES] = ['arm/models.txt', 'arm/cores.txt']

/** The words that begin a field there. */
const FIELDS = ['part']

export const LISTS = { [MODELS]: FIELDS, [CORES]: FIELDS }

/** What is known of ARM cores, each part read when it is first asked for. */
export class ArmModels {
  /** libvirt's cores: an installed map's, or ours. @throws LibvirtError for what libvirt refuses to load */
  readonly map: () => ArmMap
  /** Every core that we know, libvirt's first: by implementer and part. @throws ParseError */
  readonly cores = once((): readonly ArmModel[] => [...builtinArmMap().models, ...listed(CORES).models])
  /** The flags of AT_HWCAP and AT_HWCAP2. @throws ParseError */
  readonly hwcaps = once((): FeatureTable => tableOf('arm/hwcaps.txt'))
  /** The fields of the ID registers that guests may see. @throws ParseError */
  readonly fields = once(readFields)

  constructor({ files }: CpuMap) {
    this.map = once(() => (files ? readArmMap(files) : builtinArmMap()))
  }

  /** The flags that definitions list; what is no flag (`sve512`, `pauth`) is passed over. */
  get view(): FeatureView {
    return { table: this.hwcaps(), of: cpu => this.flagsOf(cpu) }
  }

  flagsOf({ features }: Cpu): FeatureSet {
    const table = this.hwcaps()
    return table.setOf(
      features.flatMap(({ name, policy }) => (policy === 'disable' ? [] : (table.get(name) ?? []))),
    )
  }
}

function tableOf(name: string): FeatureTable {
  const file = dataFile(name)
  return buildTables(parseFeatures(file), file).features
}

const readFields = (): readonly Field[] =>
  parseFeatures(dataFile('arm/registers.txt')).flatMap(({ at, features }) =>
    features.map(({ name, bit, length, reading, flags, title }) => ({
      name,
      register: 'name' in at ? at.name : '',
      lsb: bit,
      length,
      reading,
      order: flags.order,
      title,
    })),
  )

/** Our own cores of libvirt's. @throws ParseError */
export const builtinArmMap = (): ArmMap => ({
  ...listed(MODELS),
  features: tableOf('arm/features.txt').list.map(({ name }) => name),
})

function listed(name: string): Omit<ArmMap, 'features'> {
  const list = parseModelList(readData(name), name, FIELDS)
  const vendors = list.vendors.map(({ name, id }) => ({ name, implementer: Number.parseInt(id, 16) }))
  return {
    vendors,
    models: list.models.map(({ at, name, vendor, fields }) => {
      const [part, more] = fields.part ?? []
      if (part === undefined || more !== undefined) throw faultIn(at, 'a core has one part number')
      return { name, vendor: vendors.find(known => known.name === vendor?.name), part: hexOf(part, at) }
    }),
  }
}
