import { readData } from '../../map/data.ts'
import { faultIn, type Statement } from '../../map/text/data-file.ts'
import { hexOf, parseModelList } from '../../map/text/model-list.ts'
import type { PowerMap, PvrMatch } from './map.ts'

/** The file of our models. */
export const MODELS = 'ppc64/models.txt'

/** The words that begin a field there. */
export const FIELDS = ['pvr', 'level', 'aka']

/** Our own models. @throws ParseError */
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
export const legacyNames = (): ReadonlyMap<string, string> =>
  new Map(listed().models.flatMap(({ name, fields }) => (fields.aka ?? []).map(old => [old, name] as const)))
