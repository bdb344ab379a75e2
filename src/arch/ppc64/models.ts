import { readData } from '../../map/data.ts'
import type { Database } from '../../map/database.ts'
import { perDatabase } from '../../map/per-database.ts'
import { faultIn, type Statement } from '../../map/text/data-file.ts'
import { hexOf, parseModelList } from '../../map/text/model-list.ts'
import type { ArchitectureData } from '../driver.ts'
import { type PowerMap, type PvrMatch, readPowerMap } from './map.ts'

const FIELDS = ['pvr', 'level', 'aka']

const MODELS = 'ppc64/models.txt'

export const DATA: ArchitectureData = { folder: 'ppc64', lists: { [MODELS]: FIELDS } }

/** The models of an installed map, or ours. @throws LibvirtError for what libvirt refuses to load */
export const powerMapOf = perDatabase(
  ({ files }: Database): PowerMap => (files ? readPowerMap(files) : builtinPowerMap()),
)

/** @throws ParseError */
export function builtinPowerMap(): PowerMap {
  const { vendors, models: rows } = listed()
  return {
    vendors: vendors.map(({ name }) => name),
    models: rows.map(({ at, name, vendor, fields }) => ({
      name,
      vendor: vendor?.name,
      pvrs: (fields.pvr ?? []).map(text => pvrOf(text, at)),
      level: fields.level && Number(fields.level[0]),
    })),
  }
}

const listed = () => parseModelList(readData(MODELS), MODELS, FIELDS)

function pvrOf(text: string, at: Statement): PvrMatch {
  const [value, mask, more] = text.split('/')
  if (value === undefined || mask === undefined || more !== undefined)
    throw faultIn(at, 'a pvr is VALUE/MASK', text)
  return { value: hexOf(value, at), mask: hexOf(mask, at) }
}

/** Names that libvirt once had, and what each became. An installed map does not say, libvirt's code does. */
export function legacyNames(): ReadonlyMap<string, string> {
  legacy ??= new Map(
    listed().models.flatMap(({ name, fields }) => (fields.aka ?? []).map(old => [old, name] as const)),
  )
  return legacy
}

let legacy: ReadonlyMap<string, string> | undefined
