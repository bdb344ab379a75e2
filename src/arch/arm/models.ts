import { buildTables } from '../../map/build-table.ts'
import { dataFile, readData } from '../../map/data.ts'
import type { Database } from '../../map/database.ts'
import { perDatabase } from '../../map/per-database.ts'
import { faultIn } from '../../map/text/data-file.ts'
import { hexOf, parseModelList } from '../../map/text/model-list.ts'
import { parseFeatures } from '../../map/text/parse-features.ts'
import type { ArchitectureData } from '../driver.ts'
import { type ArmMap, type ArmModel, readArmMap } from './map.ts'

const FIELDS = ['part']

export const DATA: ArchitectureData = {
  folder: 'arm',
  lists: { 'arm/cores.txt': FIELDS, 'arm/models.txt': FIELDS },
}

/** The cores of an installed map, or ours. @throws LibvirtError for what libvirt refuses to load */
export const armMapOf = perDatabase(
  ({ files }: Database): ArmMap => (files ? readArmMap(files) : builtinArmMap()),
)

/** Every core that we know, libvirt's first: by implementer and part. @throws ParseError */
export function allCores(): readonly ArmModel[] {
  known ??= [...builtinArmMap().models, ...listed('arm/cores.txt').models]
  return known
}

let known: readonly ArmModel[] | undefined

/** @throws ParseError */
export function builtinArmMap(): ArmMap {
  const file = dataFile('arm/features.txt')
  const names = buildTables(parseFeatures(file), file).features.list.map(({ name }) => name)
  return { ...listed('arm/models.txt'), features: names }
}

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
